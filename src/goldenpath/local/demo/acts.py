"""The acts of the demo: deliver the sample app to dev and prod, then show how two commits are stopped before prod.

The demo runs the same pipeline as the workflows. Only env variables with endpoints lead it to the local registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery import delivery_command, pipeline
from goldenpath.delivery.model import inputs
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.running.delivery_result import DeliveryResult
from goldenpath.local import state
from goldenpath.local.control import Seed
from goldenpath.local.demo import refusals, sample
from goldenpath.shared import runner
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.local.state import LocalState
    from goldenpath.shared.console import Progress

APP = "hello-web"
ROLE = "goldenpath-local"
EMULATOR = "emulator"
DEV, PROD = "dev", "prod"
_ORIGIN = f"https://github.com/local/{APP}.git"


@dataclass(frozen=True)
class DemoSetup:
    """The set-up of the acts: the `app`, a `folder` for copies and results, build contexts and a `running` emulator."""

    app: Path
    folder: Path
    contexts: Mapping[str, str]
    running: LocalState

    def checkout(self) -> Path:
        """Return a new repository with the app in one commit."""
        return sample.repository(self.app, self.folder / "app", _ORIGIN)

    def work(self, name: str) -> Path:
        """Return the work folder of the delivery `name`."""
        return self.folder / name


class DemoResult(Struct, frozen=True):
    """What the demo did: with `--json` each delivery in order, and the tags of every image in the ECR repository."""

    deliveries: tuple[DeliveryResult, ...]
    images: dict[str, tuple[str, ...]]


def play(setup: DemoSetup, progress: Progress) -> DemoResult:
    """Play all acts. Raises the error of a delivery that fails, and `LocalTrouble` when no gate stops a bad commit."""
    source = setup.checkout()
    results: list[object] = []
    for environment in (DEV, PROD):
        progress.heading(f"Delivering {APP} to {environment}")
        results.append(_deliver(setup, source, environment, setup.work(environment)))
    registry = refusals.Registry(APP, setup.running)
    for attempt in refusals.ATTEMPTS:
        progress.heading(f"Trying to deliver {attempt.name} to {PROD}")
        changed = setup.checkout()
        attempt.change(changed)
        sample.commit(changed, attempt.message)
        delivery = partial(_deliver, setup, changed, PROD, setup.work(attempt.work))
        results.append(refusals.require_refusal(attempt, delivery, registry, progress))
    images = registry.images()
    _report_delivered(setup, progress)
    _report_stopped(setup, images, progress)
    return DemoResult(tuple(one for one in results if isinstance(one, DeliveryResult)), {**images})


def _deliver(setup: DemoSetup, source: Path, environment: str, work: Path) -> DeliveryResult | None:
    """Deliver the checkout `source` to `environment`, into the emulator, as `goldenpath deliver` does and shows it."""
    running = setup.running
    # The emulator has one account and one ECR repository. On AWS every environment has its own.
    state.up(setup.folder / EMULATOR, seed=Seed(repositories=(APP,), environment=environment))
    request = inputs.read(
        pipeline.INPUTS,
        {
            "environment": environment,
            "source": str(source),
            "ecr_repository": APP,
            "build_contexts": "\n".join(f"{name}={value}" for name, value in setup.contexts.items()),
            "role_arn": f"arn:aws:iam::{running.account}:role/{ROLE}",
            "aws_region": running.region,
            "github_token": running.environment["GITHUB_TOKEN"],
            "work_dir": str(work),
        },
    )
    return delivery_command.deliver(request, Runner.read(runner.variables()))


def _report_delivered(setup: DemoSetup, progress: Progress) -> None:
    progress.heading("Delivered")
    for environment in (DEV, PROD):
        work = WorkFolder(setup.work(environment))
        receipt = work.read_receipt()
        progress.line(environment)
        progress.line(f"  image   {receipt.reference}")
        progress.line(f"  tags    {', '.join(move.tag for move in receipt.tags)}")
        for gate in Gate:
            progress.line(f"  gate    {work.read_verdict(gate).sentence}")
        progress.line(f"  files   {work.path}")


def _report_stopped(setup: DemoSetup, images: Mapping[str, tuple[str, ...]], progress: Progress) -> None:
    progress.heading(f"Stopped before {PROD}")
    for attempt in refusals.ATTEMPTS:
        work = WorkFolder(setup.work(attempt.work))
        progress.line(attempt.name)
        progress.line(f"  gate    {work.read_verdict(attempt.gate).sentence}")
        progress.line(f"  files   {work.path}")
    progress.line("registry, asked after each attempt: nothing was added")
    for digest, tags in images.items():
        progress.line(f"  image   {digest}")
        progress.line(f"  tags    {', '.join(tags)}")
