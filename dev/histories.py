"""Git histories made for measuring: always the same for one name, and as large and as varied as those of real projects.

They are written by `git fast-import` (git-fast-import(1)) and repacked, so that they lie on disk as a clone does. No
line of them is a secret.
"""

from __future__ import annotations

import base64
import json
import random
import re
import subprocess
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WORDS = """
    account action amount api app args array async await basket batch block body buffer build cache call cart case
    catch channel class client code column config const context count create cursor customer data date default
    delete delta device domain each else email enabled entry error event export false field file filter find first
    for format frame from function get group handler hash header height href id if import index init input invoice
    item job join key label last layer length level limit line link list load local lock log main map match merge
    message method model module name new next node none not null number object offset option order output owner page
    panel parent parse part path payload pending plan point policy port position prefix price print process product
    prop query queue range rate read record region remove render report request reset resource response result retry
    return role root route row rule save scale schema scope section select self send server session set shape shift
    size slice sort source split stack start state status step stock store string style sum tag target task test
    text theme this throw time title token total trace track true try tuple type unit update upload url use user
    value vendor version view wait when while width window with work write yield zone
""".split()  # noqa: SIM905  a list would be four times as long
_FIRST_SECOND = 1_700_000_000


@dataclass
class Writer:
    """A stream of fast-import with one branch: each `commit` writes the files given."""

    random: random.Random
    parts: list[bytes] = field(default_factory=list)
    _commits: int = 0

    def commit(self, files: dict[str, bytes | str], message: str) -> None:
        """Add a commit that writes `files`."""
        who = f"{self.random.choice(('Ada', 'Grace', 'Linus', 'Mary'))} <dev@example.com>"
        text = message.encode()
        second = _FIRST_SECOND + 600 * self._commits
        self.parts.append(b"commit refs/heads/main\ncommitter %s %d +0000\n" % (who.encode(), second))
        self.parts.append(b"data %d\n%s\n" % (len(text), text))
        for path, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            self.parts.append(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(raw)))
            self.parts += [raw, b"\n"]
        self._commits += 1

    def sentence(self, least: int = 2, most: int = 8) -> str:
        """Return a few words."""
        return " ".join(self.random.choices(_WORDS, k=self.random.randint(least, most)))


def _name(writer: Writer) -> str:
    first, second = writer.random.choices(_WORDS, k=2)
    return writer.random.choice((f"{first}_{second}", f"{first}{second.title()}", first))


# Lines as source code has them: how many of a hundred, and what stands in one; `*` is a name and `#` a few words.
_FORMS = {
    "": 12,
    "# #": 13,
    "* = *(*, *.*)": 25,
    '*["*"] = "#"': 15,
    "if *.* != 42:": 15,
    "return *.*(*)": 10,
    "def *(self, *: *, *: *) -> *:": 10,
}


def _line(writer: Writer) -> str:
    (form,) = writer.random.choices([*_FORMS], weights=[*_FORMS.values()])
    if not form:
        return ""
    words = re.sub(r"(?<=[ \"])#", lambda _: writer.sentence(1, 7), form)
    return "    " * writer.random.randint(0, 3) + re.sub(r"\*", lambda _: _name(writer), words)


def _lines(writer: Writer, count: int) -> list[str]:
    return [_line(writer) for _ in range(count)]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _edit(writer: Writer, lines: list[str]) -> None:
    """Change a few places of a file, as a commit does."""
    for _ in range(writer.random.randint(1, 3)):
        at = writer.random.randrange(len(lines))
        lines[at : at + writer.random.randint(0, 3)] = _lines(writer, writer.random.randint(1, 6))


def _picture(writer: Writer, kilobytes: int) -> bytes:
    """Return what a picture's bytes look like: a header, and compressed data."""
    body = writer.random.randbytes(kilobytes << 10)
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(12) + b"IDAT" + zlib.compress(body, 0)[2:] + b"IEND\xaeB`\x82"


def _package(writer: Writer) -> dict[str, object]:
    version = ".".join(str(writer.random.randint(0, 30)) for _ in range(3))
    return {
        "version": version,
        "resolved": f"https://packages.example.com/{_name(writer)}/-/{_name(writer)}-{version}.tgz",
        "integrity": "sha512-" + base64.b64encode(writer.random.randbytes(64)).decode(),
        "license": "MIT",
        "engines": {"node": f">={writer.random.randint(8, 22)}"},
    }


def _packages(writer: Writer, count: int) -> dict[str, dict[str, object]]:
    return {f"node_modules/{_name(writer)}-{number}": _package(writer) for number in range(count)}


def _lock(packages: dict[str, dict[str, object]]) -> str:
    return json.dumps({"name": "app", "lockfileVersion": 3, "packages": packages}, indent=2) + "\n"


def _renew(writer: Writer, packages: dict[str, dict[str, object]], most: int) -> None:
    for name in writer.random.sample(sorted(packages), writer.random.randint(1, most)):
        packages[name] = _package(writer)


def _generated(writer: Writer) -> str:
    """Return a bundle as a build writes it: a few lines, each of them long."""
    return _text(
        [";".join(f"var {_name(writer)}={_name(writer)}({number})" for number in range(900)) for _ in range(4)]
    )


def small(writer: Writer) -> None:
    """100 commits of a young app."""
    sources = {f"src/{_name(writer)}_{number}.py": _lines(writer, 60) for number in range(20)}
    writer.commit({path: _text(lines) for path, lines in sources.items()}, "Begin")
    for _ in range(99):
        path = writer.random.choice(sorted(sources))
        _edit(writer, sources[path])
        writer.commit({path: _text(sources[path])}, writer.sentence())


def churn(writer: Writer) -> None:
    """3,000 commits: sources, a lock file, pictures and a generated bundle."""
    sources = {f"src/{_name(writer)}/{_name(writer)}_{number}.ts": _lines(writer, 250) for number in range(150)}
    packages = _packages(writer, 900)
    first: dict[str, bytes | str] = {path: _text(lines) for path, lines in sources.items()}
    writer.commit({**first, "package-lock.json": _lock(packages)}, "Begin")
    for number in range(2_999):
        files: dict[str, bytes | str] = {}
        for path in writer.random.sample(sorted(sources), writer.random.randint(1, 4)):
            _edit(writer, sources[path])
            files[path] = _text(sources[path])
        if number % 10 == 0:
            _renew(writer, packages, 12)
            files["package-lock.json"] = _lock(packages)
        if number % 25 == 0:
            files[f"assets/picture-{number % 40}.png"] = _picture(writer, writer.random.randint(20, 200))
        if number % 60 == 0:
            files["dist/app.js"] = _generated(writer)
        writer.commit(files, f"{writer.sentence()}\n\n{writer.sentence(8, 30)}")


def pictures(writer: Writer) -> None:
    """300 commits of pictures, 90 MB in all."""
    for number in range(300):
        writer.commit({f"assets/picture-{number % 200}.png": _picture(writer, 300)}, writer.sentence())


def locks(writer: Writer) -> None:
    """800 commits of a lock file of half a megabyte."""
    packages = _packages(writer, 1_500)
    for _ in range(800):
        writer.commit({"package-lock.json": _lock(packages)}, writer.sentence())
        _renew(writer, packages, 15)


def many(writer: Writer, commits: int = 100_000) -> None:
    """100,000 commits of a line or two."""
    sources = {f"src/{_name(writer)}_{number}.py": _lines(writer, 40) for number in range(50)}
    for _ in range(commits):
        path = writer.random.choice(tuple(sources))
        sources[path][writer.random.randrange(40)] = _line(writer)
        writer.commit({path: _text(sources[path])}, writer.sentence())


KINDS: dict[str, Callable[[Writer], None]] = {kind.__name__: kind for kind in (small, churn, pictures, locks, many)}


def make(name: str, folder: Path) -> Path:
    """Make the history `name` in the new `folder`, and return it."""
    return written(KINDS[name], name, folder)


def written(kind: Callable[[Writer], None], seed: str, folder: Path) -> Path:
    """Write the history that `kind` makes, always the same for one `seed`, into the new `folder`, and return it."""
    writer = Writer(random.Random(seed))  # noqa: S311  nothing is kept secret by it
    kind(writer)
    _git(folder.parent, "init", "--quiet", "--initial-branch=main", str(folder))
    _git(folder, "fast-import", "--quiet", stdin=b"".join(writer.parts))
    _git(folder, "repack", "-adq")
    _git(folder, "reset", "--quiet", "--hard")
    return folder


def _git(folder: Path, *words: str, stdin: bytes = b"") -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, input=stdin)
