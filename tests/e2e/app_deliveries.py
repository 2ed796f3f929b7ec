"""An app delivered by the `goldenpath` command and by the workflow under the runner; what both leave is read alike."""

from __future__ import annotations

import json
import shutil
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.adoption.scaffold import CALLER
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared.toolchain import Toolchain
from tests.e2e import act, invariants, platform_copy
from tests.e2e.invariants import World
from tests.tools import command
from tests.tools.command import Command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.local.server import Local
    from tests.e2e.app_repositories import Place, Row, Way
    from tests.e2e.events import Event
    from tests.tools.apps import App

# The ECR repository of the command; its last part is the app's name, as a component's tag wants it.
BY_HAND = "by-hand"


@dataclass(frozen=True)
class Runner:
    """act, with what this machine has for a run: see `surroundings` and `platform`."""

    surroundings: Mapping[str, str]
    platform: Path
    emulator: Local

    def run(
        self, app: App, event: Event, workflow: str, secrets: Mapping[str, str], folder: Path, **more: str
    ) -> act.Ended:
        """Run `workflow` of `app` for `event`, with these secrets and `more` variables; `folder` is made."""
        context = "pull_request" if event.name == "pull_request" else f"ref:{event.ref}"
        found = self.emulator.environment(subject=f"repo:{app.slug}:{context}", repository=app.slug)
        del found["AWS_REGION"]  # on GitHub nobody sets it
        token = {"GITHUB_TOKEN": found.pop("GITHUB_TOKEN")}
        program = act.Act(
            Toolchain.load().provide("act").path,
            platform_copy.repositories(
                platform_copy.served(self.platform, folder.with_name(f"{folder.name}-platform"))
            ),
            {**self.surroundings, **found, **more, "GITHUB_REPOSITORY": app.slug},
            {**secrets, **token},
        )
        return program.run(app.folder, event, workflow, folder)


@dataclass(frozen=True)
class Released:
    """What a delivery left: `digests` by the file that names each, and the `tags` of the ECR repository."""

    digests: Mapping[str, str]
    tags: Mapping[str, str]
    labels: Mapping[str, str]
    files: frozenset[str]
    packages: frozenset[str]
    findings: frozenset[str]

    @classmethod
    def read(cls, work: WorkFolder, tags: Mapping[str, str]) -> Released:
        """Return what the files in `work` say."""
        layout = Layout(work.layout)
        (image,) = layout.images()
        config = json.loads(layout.blob(image.manifest.config.digest).read_bytes())
        inventory: list[dict[str, Any]] = json.loads(work.spdx.read_bytes())["packages"]
        # The image itself is named as its ECR repository.
        packages = {package["name"] for package in inventory if package.get("primaryPackagePurpose") != "CONTAINER"}
        return cls(
            command.digests(work),
            tags,
            config["config"]["Labels"],
            frozenset(name for layer in image.manifest.layers for name in names_in(layout.blob(layer.digest))),
            frozenset(packages),
            frozenset(finding.id for finding in work.read_findings(Gate.TRIVY).findings),
        )


@dataclass(frozen=True)
class Deliveries:
    """Both ways to deliver, to one account of one emulator."""

    runner: Runner
    role: str

    @property
    def emulator(self) -> Local:
        """AWS, the registry and GitHub of both."""
        return self.runner.emulator

    def by_hand(self, row: Row, app: App, way: Way, work: WorkFolder) -> Released:
        """Deliver on the command line."""
        repository = f"{BY_HAND}/{app.name}"
        self.emulator.create_repository(repository)
        found = self.emulator.environment(repository=app.slug)
        role = {"GOLDENPATH_ROLE_ARN": self.role}
        goldenpath = Command(command.surroundings(self.runner.surroundings, found, role))
        where = (f"--environment={row.environment}", f"--source={way.source}", f"--work-dir={work.path}")
        for first in way.before:
            goldenpath.run(*first, *where).ok()
        given = [f"--{name.replace('_', '-')}={value}" for name, value in row.inputs.items()]
        words = (*where, f"--ecr-repository={repository}", *given, *way.words)
        goldenpath.run("deliver", *words, more=way.variables).ok()
        return Released.read(work, self.emulator.tags(repository))

    def by_the_workflow(self, row: Row, app: App, way: Way, place: Place) -> tuple[act.Ended, Released]:
        """Deliver under the runner, by the caller that is committed; what must hold of any run is asserted."""
        for name in (app.name, *row.unreleased):
            self.emulator.create_repository(name)
        event = row.happens(app)
        before = World.look(self.emulator, app.name)
        given = {f"TF_AWS_IAM_ROLE_{row.environment.upper()}": self.role, **way.variables}
        server = f"file://{place.server}/"
        ended = self.runner.run(app, event, CALLER, given, place.folder / "run", STAND_IN_SERVER=server)
        invariants.hold(ended, event, before, World.look(self.emulator, app.name), app.name)
        assert ended.code == 0, ended.story
        return ended, Released.read(united(ended, app.name), self.emulator.tags(app.name))


def names_in(layer: Path) -> list[str]:
    """Return the names of the files in a layer."""
    with tarfile.open(layer) as opened:
        return [member.name for member in opened if not member.isdir()]


def united(ended: act.Ended, name: str) -> WorkFolder:
    """Return the artifacts of a run as one work folder, as the command leaves it."""
    folder = ended.artifacts.parent / "united"
    for kind in ("candidate", "reports", "sbom", "receipt"):
        shutil.copytree(ended.artifacts / f"goldenpath-{kind}-{name}", folder, dirs_exist_ok=True)
    return WorkFolder(folder)
