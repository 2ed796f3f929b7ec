"""Mistakes as a table: what is given, and the one error that must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.local.server import Local
    from goldenpath.shared.errors import GoldenPathError


@dataclass(frozen=True)
class Place:
    """Where a case happens, for it to prepare: the app, its work folder, and a folder for anything else."""

    app: App
    work: WorkFolder
    folder: Path


def nothing(_: Place) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Case:
    """A mistake: what is given (words, and the variables that `prepare` returns), and the error that must come."""

    name: str
    error: type[GoldenPathError]
    what: str
    why: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Place], Mapping[str, str]] = nothing

    def run(self, goldenpath: Command, stage: str, place: Place, repository: str) -> Ended:
        """Run `stage` with what this case gives in place of what is right."""
        right = {
            "environment": "dev",
            "ecr-repository": repository,
            "source": str(place.app.folder),
            "work-dir": str(place.work.path),
        }
        variables = self.prepare(place)
        words = {**right, **{name: value.format(**vars(place)) for name, value in self.given.items()}}
        return goldenpath.run(stage, *(f"--{name}={value}" for name, value in words.items()), more=variables)

    def check(self, done: Ended, **names: object) -> None:
        """Assert that exactly the expected error was told."""
        assert "Traceback" not in done.text
        told = done.error
        assert (done.code, told["code"]) == (self.error.exit_code, self.error.code), done.text
        assert told["what"].rstrip(".") == self.what.format(**names).rstrip(".")
        assert self.why in told["why"]
        assert told["fix"]


def untouched(emulator: Local, repository: str) -> bool:
    return (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())
