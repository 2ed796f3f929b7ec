"""`goldenpath local demo`: the sample app through the whole pipeline on this machine, for dev and then for prod.

The pipeline here is the very one that workflows run. Only endpoint variables lead it to the local registry.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath import pipeline, runner
from goldenpath.errors import LocalTrouble
from goldenpath.local import base_images, engine, reach, sample, state, vulnerability_db
from goldenpath.local.control import Seed
from goldenpath.model import inputs
from goldenpath.model.finding import Gate
from goldenpath.model.work import WorkFolder
from goldenpath.runner import Runner
from goldenpath.stages.running import prepare
from goldenpath.tools.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.local.state import State
    from goldenpath.report.console import Progress

APP = "hello-web"
ROLE = "goldenpath-local"
ENVIRONMENTS = ("dev", "prod")
_ORIGIN = f"https://github.com/local/{APP}.git"
_NEEDS = (
    "This delivers the sample app on this machine, without any account. It needs git, and installs what is missing:",
    "  · scanners and builders, pinned by hash, into {cache}",
    "  · Docker, if none is running: as root on Debian or Ubuntu with apt-get (docker.io, iptables), started in that",
    "    folder with a socket of its own and stopped again at the end",
    "  · where Docker Hub cannot be reached, a base image made with debootstrap, kept in that folder",
)


def run(progress: Progress, environments: Sequence[str] = ENVIRONMENTS) -> None:
    """Deliver the sample app for each of `environments` and tell what was released. Raises what stops a delivery."""
    for line in _NEEDS:
        progress.line(line.format(cache=runner.cache_dir()))
    with prepared(progress, Toolchain.load(say=progress.say)) as running:
        folder = runner.cache_dir() / "demo"
        source = sample.repository(_example(), folder / "app", _ORIGIN)
        contexts = _build_contexts(source / "Dockerfile", progress)
        for name in environments:
            progress.heading(f"Delivering {APP} to {name}")
            # There is one account here, and one repository. On AWS each environment has its own.
            state.up(emulator_folder(), seed=Seed(repositories=(APP,), environment=name))
            with runner.adopted(running.environment):
                deliver(name, source, folder / name, contexts, running, progress)
        progress.heading("Delivered")
        for name in environments:
            _tell(name, WorkFolder(folder / name), progress)


def deliver(
    environment: str, source: Path, work: Path, contexts: dict[str, str], running: State, progress: Progress
) -> None:
    """Run the pipeline on the repository `source` for `environment`, into the emulator that is `running`."""
    request = inputs.read(
        pipeline.INPUTS,
        {
            "environment": environment,
            "source": str(source),
            "ecr_repository": APP,
            "build_contexts": "\n".join(f"{name}={value}" for name, value in contexts.items()),
            "role_arn": f"arn:aws:iam::{running.account}:role/{ROLE}",
            "aws_region": running.region,
            "github_token": running.environment["GITHUB_TOKEN"],
            "work_dir": str(work),
        },
    )
    here = replace(Runner.read(runner.variables()), in_actions=False)
    pipeline.deliver(prepare(request, here, progress), progress)


@contextlib.contextmanager
def prepared(progress: Progress, toolchain: Toolchain) -> Iterator[State]:
    """Give an emulator with the app's repository, while an engine, a database and every tool are at hand."""
    progress.heading("Setting up")
    for tool in toolchain.entries("pipeline"):
        with progress.working(f"{tool.name} {tool.version}"):
            toolchain.provide(tool.name)
    with contextlib.ExitStack() as stay:
        found = stay.enter_context(engine.provide(progress.say))
        stay.enter_context(runner.adopted(engine_variables(found)))
        stay.enter_context(runner.adopted(database_variables(toolchain, progress.warn)))
        folder = emulator_folder()
        running = state.up(folder, seed=Seed(repositories=(APP,), roles=(ROLE,)), say=progress.say)
        stay.callback(state.down, folder)
        progress.line(f"  registry {running.registry_host}, AWS at {running.environment['AWS_ENDPOINT_URL']}")
        yield running


def emulator_folder() -> Path:
    """Return where the demo's emulator keeps its files."""
    return runner.cache_dir() / "demo" / "emulator"


def engine_variables(found: engine.Engine) -> dict[str, str]:
    """Return the variables that lead the build stage to the engine `found`."""
    named = {"DOCKER_HOST": found.docker_host, "GOLDENPATH_BUILDKIT": found.buildkit}
    return {name: value for name, value in named.items() if value}


def database_variables(toolchain: Toolchain, say: Callable[[str], None]) -> dict[str, str]:
    """Return the variables that lead trivy to a small database, where its own cannot be fetched; else nothing."""
    if (runner.trivy_cache_dir() / "db" / "trivy.db").exists() or reach.reachable(reach.TRIVY_DATABASE):
        return {}
    say("trivy's database cannot be reached; a small one made from a few well-known advisories is used")
    folder = runner.cache_dir() / "demo" / "trivy"
    vulnerability_db.build_database(toolchain.provide("trivy-db").path, folder)
    return {"GOLDENPATH_TRIVY_CACHE": str(folder)}


def _build_contexts(dockerfile: Path, progress: Progress) -> dict[str, str]:
    if base_images.hub_reachable():
        return {}
    return base_images.stand_ins(base_images.names_in(dockerfile.read_text(encoding="utf-8")), progress.say)


def _example() -> Path:
    app = Path(__file__).resolve().parents[3] / "examples" / APP
    if not app.is_dir():
        raise LocalTrouble(
            "the sample app is not here", why=f"{app} is missing", fix="run this from a checkout of the platform"
        )
    return app


def _tell(name: str, work: WorkFolder, progress: Progress) -> None:
    receipt = work.read_receipt()
    progress.line(f"{name}")
    progress.line(f"  image   {receipt.reference}")
    progress.line(f"  tags    {', '.join(move.tag for move in receipt.tags)}")
    for gate in Gate:
        progress.line(f"  gate    {work.read_verdict(gate).sentence}")
    progress.line(f"  files   {work.path}")
