"""`goldenpath local demo`: everything that the demo needs is set up, then its acts are played (`acts`)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import dockerfiles
from goldenpath.local import reach, state
from goldenpath.local.control import Seed
from goldenpath.local.demo import acts
from goldenpath.local.engine import engine
from goldenpath.local.images import base_images
from goldenpath.local.vulnerabilities import vulnerability_db
from goldenpath.shared import runner
from goldenpath.shared.errors import LocalTrouble
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.local.demo.acts import DemoResult
    from goldenpath.local.state import LocalState
    from goldenpath.shared.console import Progress

_NEEDS = (
    "This delivers the sample app on this machine, without any account. It needs git, and installs what is missing:",
    "  · scanners and builders, pinned by hash, into {cache}",
    "  · Docker, if none is running: as root on Debian or Ubuntu with apt-get (docker.io, iptables), started in that",
    "    folder with a socket of its own and stopped again at the end",
    "  · where Docker Hub cannot be reached, a base image made with debootstrap, kept in that folder",
)
_DATABASE = (
    "trivy's database is the demo's own, made from two dozen well-known advisories: it shows how the path works, "
    "and does not say how safe the image is"
)


def run(progress: Progress) -> DemoResult:
    """Set everything up and play the acts. Raises as `acts.play` does, and the errors of the set-up."""
    for line in _NEEDS:
        progress.line(line.format(cache=runner.cache_dir()))
    app, folder = _example(), runner.cache_dir() / "demo"
    with runner.adopted(terminal_variables()), prepared(progress, Toolchain.load(say=progress.say)) as running:
        contexts = _build_contexts(app / "Dockerfile", progress)
        with runner.adopted(running.environment):
            return acts.play(acts.DemoSetup(app, folder, contexts, running), progress)


def terminal_variables() -> dict[str, str]:
    """Return the env variables with which the demo runs in a workflow run as at a terminal, with the same cache folder.

    The demo delivers its own commits, not that of the run, and in a run it could not name its own database.
    """
    return {"GITHUB_ACTIONS": "", "GOLDENPATH_CACHE": str(runner.cache_dir())}


@contextlib.contextmanager
def prepared(progress: Progress, toolchain: Toolchain) -> Iterator[LocalState]:
    """Yield an emulator with the app's ECR repository; an engine, a database and every tool are ready in the block."""
    progress.heading("Setting up")
    for tool in toolchain.entries("pipeline"):
        with progress.working(f"{tool.name} {tool.version}"):
            toolchain.provide(tool.name)
    with contextlib.ExitStack() as stay:
        build_engine = stay.enter_context(engine.provide(progress.say))
        stay.enter_context(runner.adopted(engine_variables(build_engine)))
        stay.enter_context(runner.adopted(own_database()))
        progress.say(_DATABASE)
        folder = runner.cache_dir() / "demo" / acts.EMULATOR
        running = state.up(folder, seed=Seed(repositories=(acts.APP,), roles=(acts.ROLE,)), say=progress.say)
        stay.callback(state.down, folder)
        progress.line(f"  registry {running.registry_host}, AWS at {running.environment['AWS_ENDPOINT_URL']}")
        yield running


def engine_variables(build_engine: engine.Engine) -> dict[str, str]:
    """Return the env variables that lead the build stage to `build_engine`."""
    named = {"DOCKER_HOST": build_engine.docker_host, "GOLDENPATH_BUILDKIT": build_engine.buildkit}
    return {name: value for name, value in named.items() if value}


def database_variables(say: Callable[[str], None]) -> dict[str, str]:
    """Return the env variables that lead trivy to a small database; empty when trivy's own is available."""
    if (runner.trivy_cache_dir() / "db" / "trivy.db").exists() or reach.reachable(reach.TRIVY_DATABASE):
        return {}
    say("trivy's database cannot be reached; a small one made from a few well-known advisories is used")
    return own_database()


def own_database() -> dict[str, str]:
    """Return the env variables that lead trivy to our own small database, whose content is the same every day."""
    return {"GOLDENPATH_TRIVY_CACHE": str(vulnerability_db.write_database(runner.cache_dir() / "demo" / "trivy"))}


def _build_contexts(dockerfile: Path, progress: Progress) -> dict[str, str]:
    if base_images.hub_reachable():
        return {}
    return base_images.stand_ins(dockerfiles.base_names(dockerfile.read_text(encoding="utf-8")), progress.say)


def _example() -> Path:
    app = Path(__file__).resolve().parents[4] / "examples" / acts.APP
    if not app.is_dir():
        raise LocalTrouble(
            "The sample app is not here", why=f"{app} is missing", fix="Run this from a checkout of the platform"
        )
    return app
