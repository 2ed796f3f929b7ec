"""Which program reads a Dockerfile: the one inside BuildKit, or an image that the app names.

The rules are BuildKit's own: `frontend/dockerfile/parser/directives.go` and `builder/build.go` of moby/buildkit 0.34
for where a frontend is named, and `reference.ParseNormalizedNamed` of distribution/reference for what the name means.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

OFFICIAL = "docker.io/docker/dockerfile"
SHORT = "docker/dockerfile:1"
# BuildKit has the stable channel inside. Its other channels (`1-labs`, `master`) know instructions that it does not.
_STABLE = re.compile(r"latest|1(\.\d+){0,2}")
_BOM = b"\xef\xbb\xbf"
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
# Go's `\s` in a regular expression is ASCII; its unicode.IsSpace is not.
_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_NAME = re.compile(r"(?P<name>[^@\s]+?)(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[^@\s]+))?", re.ASCII)


@dataclass(frozen=True)
class Frontend:
    """The image of a frontend, as `written`: its full repository, and what chooses one of its images."""

    written: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def is_built_in(self) -> bool:
        """Whether BuildKit itself holds this frontend, so that no image is needed."""
        return self.repository == OFFICIAL and not self.digest and bool(_STABLE.fullmatch(self.tag or "latest"))

    def is_one_of(self, allowed: tuple[str, ...]) -> bool:
        """Whether `allowed` lists it: a name without tag or digest stands for every image of its repository."""
        return any(self._is(parse(name)) for name in allowed)

    def _is(self, listed: Frontend) -> bool:
        if self.repository != listed.repository:
            return False
        if listed.digest:
            return self.digest == listed.digest
        # A digest decides whatever tag stands before it, so it does not come under a tag that is listed.
        return not listed.tag or (self.tag == listed.tag and not self.digest)


@dataclass(frozen=True)
class NamedFrontend:
    """Where a Dockerfile names its frontend: the `line`, from 1; a `#` comment can be left out, other forms cannot."""

    frontend: Frontend
    line: int
    is_comment: bool


def parse(written: str) -> Frontend:
    """Return the image that `written` means to BuildKit: the first word of it, the rest are words for the frontend."""
    first = written.split(" ", 1)[0]
    match = _NAME.fullmatch(first)
    if match is None:
        return Frontend(first, first)
    host, slash, path = match["name"].partition("/")
    if not slash or not (re.search(r"[.:A-Z]", host) or host == "localhost"):
        host, path = "docker.io", match["name"]
    if host in {"docker.io", "index.docker.io"}:
        host, path = "docker.io", path if "/" in path else f"library/{path}"
    return Frontend(first, f"{host}/{path}", match["tag"] or "", match["digest"] or "")


def named_in(dockerfile: bytes) -> NamedFrontend | None:
    """Return the frontend that the text of a Dockerfile names, as BuildKit finds it; `None` when it names none."""
    text = dockerfile.removeprefix(_BOM)
    first = 1
    if text.startswith(b"#!"):
        text, first = text.partition(b"\n")[2], 2
    for prefix in (b"#", b"//"):
        for number, (key, value) in enumerate(_directives(text, prefix), first):
            if key == "syntax":
                return NamedFrontend(parse(value), number, is_comment=prefix == b"#")
    written = _in_json(text)
    return None if written is None else NamedFrontend(parse(written), first, is_comment=False)


def without(dockerfile: bytes, named: NamedFrontend) -> bytes:
    """Return the text of a Dockerfile without the line that names its frontend, and with as many lines as before.

    The directives that follow must stay at the top, so an empty comment stands after them.
    """
    lines = dockerfile.split(b"\n")
    has_bom = lines[0].startswith(_BOM)
    del lines[named.line - 1]
    last = named.line - 1 + len(_directives(b"\n".join(lines[named.line - 1 :]), b"#"))
    lines.insert(last, b"#")
    text = b"\n".join(lines)
    return _BOM + text if has_bom and not text.startswith(_BOM) else text


def _directives(text: bytes, prefix: bytes) -> list[tuple[str, str]]:
    """Return the parser directives at the top of `text`, up to the first line that is none or repeats one."""
    directives: dict[str, str] = {}
    for line in text.split(b"\n"):
        if not line.startswith(prefix):
            break
        words = line.removeprefix(prefix).decode("utf-8", "replace").lstrip(_SPACE)
        match = _DIRECTIVE.fullmatch(words)
        key = match[1].lower() if match else ""
        if match is None or key not in _DIRECTIVES or key in directives:
            break
        directives[key] = match[2]
    return list(directives.items())


def _in_json(text: bytes) -> str | None:
    if not text.lstrip().startswith(b"{"):
        return None
    try:
        read = json.loads(text.decode("utf-8", "replace"))
    except ValueError:
        return None
    except RecursionError:
        # BuildKit reads ten times as deep as we can: what cannot be known is no frontend that anybody allowed.
        return "unreadable"
    value = read.get("syntax") if isinstance(read, dict) else None
    return value if isinstance(value, str) else None
