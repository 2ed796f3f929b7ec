"""Which files a `path` of actions/upload-artifact means: the rules of @actions/glob 0.6 and of its `search.ts`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ANY, _ONE, _DEEP = "[^/]*", "[^/]", "**"


class InvalidPattern(Exception):
    """A line of `path` that the real one refuses too."""


@dataclass(frozen=True)
class Pattern:
    """One line of `path`: what it matches, and the folder or file from which it is searched."""

    start: Path
    expression: re.Pattern[str]
    negated: bool
    only_folders: bool

    @classmethod
    def read(cls, line: str, env: Mapping[str, str]) -> Pattern:
        """Read a line. Raises `InvalidPattern`."""
        text = line.lstrip("! ")
        negated = line[: len(line) - len(text)].count("!") % 2 == 1
        parts = _parts(text, env)
        literal = [_literal(part) for part in parts]
        wild = literal.index(None) if None in literal else len(literal)
        return cls(Path("/", *filter(None, literal[:wild])), _expression(parts), negated, text.endswith("/"))


def found(raw: str, env: Mapping[str, str], *, hidden: bool) -> tuple[list[Path], Path]:
    """Return the files that the patterns in `raw` choose, and the folder that their paths in the artifact start at.

    A later pattern wins over an earlier one. Links are followed. Raises `InvalidPattern`.
    """
    lines = [line.strip() for line in raw.splitlines()]
    patterns = [Pattern.read(line, env) for line in lines if line and not line.startswith("#")]
    starts = _highest(pattern.start for pattern in patterns if not pattern.negated)
    files = [file for start in starts for file in _files(start, hidden, ()) if _chosen(file, patterns)]
    if len(starts) != 1:
        return files, Path(os.path.commonpath(starts)) if starts else Path("/")
    return files, starts[0].parent if files == starts else starts[0]


def _chosen(file: Path, patterns: list[Pattern]) -> bool:
    chosen = False
    for pattern in patterns:
        # Whatever lies below what a pattern matches is matched too.
        names = [str(file), *map(str, file.parents)][1 if pattern.only_folders else 0 :]
        if any(map(pattern.expression.fullmatch, names)):
            chosen = not pattern.negated
    return chosen


def _files(path: Path, hidden: bool, above: tuple[str, ...]) -> Iterator[Path]:
    if not path.exists() or (path.name.startswith(".") and not hidden):
        return
    if not path.is_dir():
        yield path
    elif (real := os.path.realpath(path)) not in above:
        for each in sorted(path.iterdir()):
            yield from _files(each, hidden, (*above, real))


def _highest(starts: Iterator[Path]) -> list[Path]:
    unique = list(dict.fromkeys(starts))
    return [each for each in unique if not any(other in each.parents for other in unique)]


def _parts(text: str, env: Mapping[str, str]) -> list[str]:
    parts = re.sub("/+", "/", text).rstrip("/").split("/")
    if ".." in parts or "." in parts[1:]:
        raise InvalidPattern(f"Invalid pattern '{text}'. Relative pathing '.' and '..' is not allowed.")
    base = {"": "", "~": env.get("HOME", "")}.get(parts[0], env["GITHUB_WORKSPACE"])
    rest = parts[1:] if parts[0] in {"", "~", "."} else parts
    escaped = re.sub(r"([\\\[?*])", r"\\\1", base)
    return [*filter(None, escaped.split("/")), *rest]


def _literal(part: str) -> str | None:
    """Return the one name that `part` matches; `None` when it matches several."""
    plain = re.sub(r"\[([^\]\\])\]|\\(.)", "", part)
    if re.search(r"[*?]|\[.+\]", plain):
        return None
    return re.sub(r"\[([^\]\\])\]|\\(.)", lambda match: match[1] or match[2], part)


def _expression(parts: list[str]) -> re.Pattern[str]:
    return re.compile("".join("(?:/[^/]+)*" if part == _DEEP else f"/{_segment(part)}" for part in parts), re.DOTALL)


def _segment(part: str) -> str:
    if set(part) == {"*"}:
        return "[^/]+"
    tokens = re.findall(r"\\.|\[[!^]?\]?[^\]]*\]|.", part, re.DOTALL)
    return "".join(map(_token, tokens))


def _token(token: str) -> str:
    if token in {"*", "?"}:
        return _ANY if token == "*" else _ONE
    if token.startswith("[") and len(token) > 2:
        inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
    return re.escape(token[-1])
