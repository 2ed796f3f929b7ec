"""What one row of the table of bypasses is: a way to weaken or fool a gate, and how it is refused; how to enter one."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools import apps

from goldenpath.shared.errors import GateBlocked, GoldenPathError

if TYPE_CHECKING:
    from tests.tools.apps import App


@dataclass(frozen=True)
class Place:
    """Where an attempt is made: an app of its own, and an empty `folder` beside it."""

    app: App
    folder: Path


@dataclass(frozen=True)
class Attempt:
    """What a user then runs: the gate on `source` (the app itself where it is `None`), with these `variables`."""

    variables: Mapping[str, str] = field(default_factory=dict)
    source: Path | None = None


@dataclass(frozen=True)
class Bypass:
    """A way round the gate `stage`, made by `make`.

    It ends with `refused`, or, where that is `None`, with a note; either way `told` is in what the gate says.
    """

    name: str
    stage: str
    make: Callable[[Place], Attempt | None]
    told: str
    refused: type[GoldenPathError] | None = GateBlocked


ALLOW_ALL = "[extend]\nuseDefault = true\n[[allowlists]]\nregexes = ['''.*''']\npaths = ['''.*''']\n"
SECRETS: list[Bypass] = []
_Make = Callable[[Place], Attempt | None]


def row(
    told: str = "github-pat in config.py", refused: type[GoldenPathError] | None = GateBlocked
) -> Callable[[_Make], _Make]:
    """Put the function that follows into the table of ways to get a secret past its gate, under its own name."""

    def enter(make: _Make) -> _Make:
        SECRETS.append(Bypass(make.__name__.replace("_", " "), "gitleaks-gate", make, told, refused))
        return make

    return enter


def line(comment: str = "") -> str:
    """Return a line with a secret made anew."""
    return f'TOKEN = "{apps.secret()}"{comment}\n'


def plant(place: Place, path: str, content: str | bytes) -> None:
    """Commit a file."""
    place.app.write(path, content).save("Plant")


def zipped(**members: str | bytes) -> bytes:
    """Return a zip of `members`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(name: str, content: str) -> bytes:
    """Return a tar with one member."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content.encode()))
    return file.getvalue()
