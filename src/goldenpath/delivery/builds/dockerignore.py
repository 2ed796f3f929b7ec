"""Match the files of a build context against `.dockerignore`, which keeps them from the build.

Source: Docker, "Build context", ".dockerignore files"; the patterns are those of moby's `patternmatcher`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[\^?[^\]]*\]|\\.|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matcher(context: Path, dockerfile: Path | None = None) -> Callable[[str], bool]:
    """Return a function that tells whether a path below `context` is ignored.

    A file of the Dockerfile's own (`Dockerfile.dockerignore`) replaces that of the context.
    """
    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore") if dockerfile else None
    file = own if own and own.is_file() else context / ".dockerignore"
    return parse(file.read_text(encoding="utf-8-sig", errors="replace") if file.is_file() else "")


def parse(text: str) -> Callable[[str], bool]:
    """Return the matcher of an ignore file that holds `text`: the last line that matches a path or a parent decides."""
    lines = (line.strip() for line in text.splitlines() if not line.startswith("#"))
    rules = [(not line.startswith("!"), _expression(line.removeprefix("!").strip())) for line in lines if line]

    def ignored(path: str) -> bool:
        parts = path.split("/")
        path_and_parents = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        matching = [ignores for ignores, rule in rules if any(map(rule.fullmatch, path_and_parents))]
        return bool(matching) and matching[-1]

    return ignored


def _expression(pattern: str) -> re.Pattern[str]:
    pattern = posixpath.normpath(pattern).lstrip("/")
    try:
        return re.compile("".join(map(_translated, _PARTS.findall(pattern))), re.DOTALL)
    except re.error:  # the build itself says that it cannot be read
        return re.compile(r"(?!)")


def _translated(part: str) -> str:
    if part in _WILD:
        return _WILD[part]
    if part.startswith("[") and part.endswith("]") and len(part) > len("[]"):
        return part
    return re.escape(part[-1] if part.startswith("\\") else part)
