"""What one row of the table of attacks is: what an attacker does, what refuses it, and what that refusal says.

An attack is a function that does what the attacker would do, on real parts. It returns once the attacker has what they
wanted, and asserts that they have it; when it is refused, the error goes through. Every row is run twice: as things
are, where it must be refused, and without the defence that it names, where it must work. So no row passes by luck.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goldenpath.shared.errors import GoldenPathError

# The holes that were found, as docs/threat-model.md numbers them.
HOLES = range(1, 19)


def nothing(*_: object, **__: object) -> None:
    """Do nothing: what a check is replaced by when it is taken out."""


@dataclass(frozen=True)
class Patch:
    """A defence in this process: the dotted name `target` of a function or a value, and what takes its place."""

    target: str
    by: object = nothing


@dataclass(frozen=True)
class Edit:
    """A defence in a file of the platform's repository: `old`, which must be in the file `path`, becomes `new`."""

    path: str
    old: str
    new: str = ""

    def apply(self, repository: Path) -> None:
        """Take the defence out of the copy of the platform at `repository`."""
        file = repository / self.path
        text = file.read_text()
        assert self.old in text, f"{self.path} does not hold {self.old!r} any more"
        file.write_text(text.replace(self.old, self.new))


Defence = Patch | Edit


class Refused(Exception):
    """A run in another process, a command or a workflow, was refused with the error `code`; the message is its log."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


_TOLD = re.compile(r"error\[([a-z-]+)\]: |::error title=([a-z-]+)::")


def require_done(exit_code: int, log: str) -> None:
    """Raise `Refused`, with the first error that the `log` of a run tells, unless the run ended with exit code 0."""
    if exit_code:
        told = _TOLD.search(log)
        raise Refused((told[1] or told[2]) if told else "", log)


@dataclass(frozen=True)
class Ending:
    """A run that ends well, without what the attacker wanted: it is called `code` in the table."""

    code: str


# The steps of the Dockerfile run: what was planted is not used.
COLD_BUILD = Ending("a cold build")


@dataclass(frozen=True)
class Scene:
    """Where an attack takes place: an empty `folder`, and the fixtures of the tests around it, by name.

    `edits` are the defences in files that are taken out: of every copy of ours that the attack makes.
    """

    folder: Path
    fixture: Callable[[str], Any]
    monkeypatch: pytest.MonkeyPatch
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Attack:
    """One attack on the hole with this number, `carried_out` by a function.

    It ends with the error, or in the way, `refused`, in whose text is `told`, by `defences` alone: without them it
    works. Those that need a workflow runner are `under_runner`.
    """

    hole: int
    carried_out: Callable[[Scene], None]
    refused: type[GoldenPathError] | Ending
    told: str
    defences: tuple[Defence, ...]
    under_runner: bool = False
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.carried_out.__name__.replace("_", " "))

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The defences that are in files."""
        return tuple(each for each in self.defences if isinstance(each, Edit))

    def require_refused(self, scene: Scene) -> None:
        """Assert that the attack is refused by the error that it names."""
        with pytest.raises((GoldenPathError, Refused)) as caught:
            self.carried_out(scene)
        assert getattr(caught.value, "code", "") == self.refused.code, str(caught.value)
        assert self.told in str(caught.value), str(caught.value)

    def without_defences(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the defences in this process out until the test is over."""
        for each in self.defences:
            if isinstance(each, Patch):
                monkeypatch.setattr(each.target, each.by)

    def without_edited_defences(self, repository: Path) -> None:
        """Take the defences in files out of the copy of the platform at `repository`."""
        for each in self.defences:
            if isinstance(each, Edit):
                each.apply(repository)


ATTACKS: list[Attack] = []


def attack(
    hole: int,
    refused: type[GoldenPathError] | Ending,
    told: str,
    *without: Defence,
    under_runner: bool = False,
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Put the function that follows into the table, under its own name."""

    def enter(carried_out: Callable[[Scene], None]) -> Callable[[Scene], None]:
        ATTACKS.append(Attack(hole, carried_out, refused, told, without, under_runner))
        return carried_out

    return enter
