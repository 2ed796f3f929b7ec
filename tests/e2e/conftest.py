"""What the end-to-end tests share: an engine, a database, a copy of the platform; an emulator for each test.

The emulator is new for each test, so that the caller stands as people copy it, with one `my-app` for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.demo import demo
from goldenpath.local.engine import engine
from goldenpath.shared import process, runner
from goldenpath.shared.toolchain import Toolchain
from tests.doubles import trivy_db
from tests.doubles.local import LocalWithGitHub
from tests.e2e import platform_copy
from tests.e2e.app_deliveries import Deliveries, Runner
from tests.e2e.app_repositories import Place
from tests.e2e.delivery_runs import ACCOUNT, CALLER, Asked, Deliver
from tests.tools import apps, base_registry
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tools.apps import App

_REQUEST = re.compile(r'"[A-Z]+ (/\S*) HTTP/')


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables that lead a run to tools, Python packages, an engine and a trivy database that are here already."""
    toolchain = Toolchain.load()
    for tool in toolchain.entries("pipeline"):
        toolchain.provide(tool.name)
    here = {"GOLDENPATH_CACHE": str(runner.cache_dir())}
    process.run(ROOT / "bin" / "environment", "runtime", timeout=600, environment=here)
    database = trivy_db.build_database(toolchain.provide("trivy-db").path, tmp_path_factory.mktemp("trivy"))
    with engine.provide(print) as found:
        yield {
            **here,
            "GOLDENPATH_TRIVY_CACHE": str(database),
            "DOCKER_CONFIG": str(tmp_path_factory.mktemp("docker")),
            **demo.engine_variables(found),
        }


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform's repository, as act can run it."""
    return platform_copy.make(tmp_path_factory.mktemp("platform"))


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[LocalWithGitHub]:
    """AWS, a registry with an empty `my-app`, and GitHub."""
    with LocalWithGitHub.start(tmp_path / "emulator", account=ACCOUNT) as local:
        local.create_repository("my-app")
        yield local


@pytest.fixture
def asked(emulator: LocalWithGitHub, tmp_path: Path) -> Asked:
    """Tell the path of every request that the emulator was asked until then, by any program."""
    return lambda: _REQUEST.findall((tmp_path / "emulator" / "local.log").read_text())


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An app's repository that delivers by the thin caller, exactly as it is in the documents."""
    return apps.make(tmp_path / "app", **{CALLER: platform_copy.CALLER.read_text()})


@pytest.fixture
def deliver(
    surroundings: Mapping[str, str], platform: Path, emulator: LocalWithGitHub, app: App, tmp_path: Path
) -> Deliver:
    """Run a workflow of the app, by default the thin caller, for an event; what must hold of any run is asserted."""
    return Deliver(Runner(surroundings, platform, emulator), app, tmp_path)


@pytest.fixture(scope="module")
def deliveries(
    surroundings: Mapping[str, str], platform: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deliveries]:
    """Both ways to deliver the apps of a table, each of which has ECR repositories of its own."""
    with LocalWithGitHub.start(tmp_path_factory.mktemp("emulator"), account=ACCOUNT) as local:
        yield Deliveries(Runner(surroundings, platform, local), local.create_role("deliver"))


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[base_registry.Registry]:
    """A registry that has the base image of every app of a table."""
    image = base_registry.shell_image(tmp_path_factory.mktemp("base"))
    with base_registry.serving(base_registry.Registry(image, lookups=base_registry.ANY)) as served:
        yield served


@pytest.fixture
def place(tmp_path: Path, bases: base_registry.Registry, deliveries: Deliveries) -> Place:
    """Where one app of a table is made."""
    return Place(tmp_path, bases.host, bases.image, deliveries.emulator)
