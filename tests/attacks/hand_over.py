"""What the jobs of a run hand over to the job that releases, and what an attacker puts in its place.

The attacker is another job of the same run. It can replace every artifact (`actions/upload-artifact` with `overwrite`),
and it knows all that the project writes. It cannot set the outputs of jobs that are not its own.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.model.evidence import sha256
from goldenpath.delivery.model.finding import Gate
from goldenpath.shared import codec
from tests.attacks.attack import require_done
from tests.faults import campaign
from tests.tools import apps, command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.delivery.model.work_folder import WorkFolder
    from tests.attacks.attack import Scene
    from tests.tools.apps import App

FORGED = b"an image that no gate saw"


def passed(folder: Path, commit: str, content: bytes) -> WorkFolder:
    """Return a work folder with a candidate of `commit` that both gates let through to prod, or seem to."""
    work = campaign.checked(folder, commit, content, several=False)
    for gate in Gate:
        verdict = work.verdict(gate)
        text = verdict.read_text().replace('"environment": "dev"', '"environment": "prod"')
        verdict.write_text(text.replace('"mode": "advisory"', '"mode": "blocking"'))
        work.findings(gate).write_text("{}")
        codec.write(work.sarif(gate), sarif(gate.value))
    return work


def sarif(tool: str) -> dict[str, object]:
    """Return a SARIF log of `tool` in which nothing was found."""
    run = {"tool": {"driver": {"name": tool}}, "results": [], "automationDetails": {"id": f"{tool}/"}}
    return {"version": "2.1.0", "runs": [run]}


@dataclass(frozen=True)
class HandOver:
    """The work folder of a later job, as its artifacts fill it, and the `evidence` that came by outputs."""

    scene: Scene
    app: App
    work: WorkFolder
    evidence: Mapping[str, str]
    forged: WorkFolder

    def put(self, *names: str) -> None:
        """Put the forged files of these names, `candidate` being the layout, in the place of what was handed over."""
        for name in names:
            place, forged = self.work.path / name, self.forged.path / name
            if forged.is_dir():
                shutil.rmtree(place)
                shutil.copytree(forged, place)
            else:
                shutil.copy(forged, place)

    def run(self, stage: str, *words: str, more: Mapping[str, str] | None = None) -> str:
        """Run a stage for prod as a step of a later job, and return its log. Raises `Refused`."""
        variables = {**apps.event(self.scene.folder / "runner", self.app), **self.evidence, **(more or {})}
        done = self.scene.fixture("inside")(
            stage, "--environment=prod", f"--source={self.app.folder}", f"--work-dir={self.work.path}", *words,
            more=variables,
        )  # fmt: skip
        require_done(done.code, done.text)
        return str(done.text)

    def release(self, *, more: Mapping[str, str] | None = None) -> None:
        """Release what is in the work folder, and assert that it is what the attacker made."""
        repository, emulator = self.scene.fixture("repository"), self.scene.fixture("emulator")
        self.run("ecr-push", f"--ecr-repository={repository}", more=more)
        assert emulator.tags(repository)[f"prod-{self.app.commit[:7]}"] == self.forged.read_candidate().digest


def made(scene: Scene) -> HandOver:
    """Return what honest jobs handed over to the release, and what the attacker has ready."""
    app: App = scene.fixture("app")
    work = passed(scene.folder / "handed-over", app.commit, b"an image that both gates saw")
    forged = passed(scene.folder / "forged", app.commit, FORGED)
    return HandOver(scene, app, work, command.evidence(work), forged)


def lines(*works: WorkFolder) -> dict[str, str]:
    """Return evidence that lists everything in `works`, as one job would that reports what it likes."""
    files = {file.name: sha256(file.read_bytes()) for work in works for file in work.path.iterdir() if file.is_file()}
    return {"GOLDENPATH_EVIDENCE": json.dumps(files)}
