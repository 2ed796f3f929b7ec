"""What the end-to-end tests share: an engine, a database, a copy of the platform; an emulator for each test.

The emulator is new for each test, so that the caller stands as people copy it, with one `my-app` for all of them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.demo import demo
from goldenpath.local.engine import engine
from goldenpath.shared import process, runner
from goldenpath.shared.toolchain import Toolchain
from tests.doubles import trivy_db
from tests.doubles.local import LocalWithGitHub
from tests.e2e import invariants, platform_copy
from tests.e2e.app_deliveries import Deliveries, Runner
from tests.e2e.app_repositories import Place
from tests.e2e.invariants import World
from tests.tools import apps, base_registry
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e import act
    from tests.e2e.events import Event
    from tests.tools.apps import App

# Not the account of the emulators that other modules start in this process.
ACCOUNT = "345678901234"
CALLER = ".github/workflows/delivery.yml"
_REQUEST = re.compile(r'"[A-Z]+ (/\S*) HTTP/')
ENVIRONMENTS = ("dev", "test", "staging", "prod")

Deliver = Callable[..., "act.Ended"]
Asked = Callable[[], list[str]]


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


@dataclass(frozen=True)
class Roles:
    """The role of each environment, which only runs of one repository may assume; secrets name them."""

    emulator: LocalWithGitHub
    slug: str

    def create(self) -> dict[str, str]:
        """Create them and return the secrets of the app's repository."""
        subjects = (f"repo:{self.slug}:*",)
        return {
            f"TF_AWS_IAM_ROLE_{name.upper()}": self.emulator.create_role(f"deliver-{name}", subjects=subjects)
            for name in ENVIRONMENTS
        }


@pytest.fixture
def deliver(
    surroundings: Mapping[str, str], platform: Path, emulator: LocalWithGitHub, app: App, tmp_path: Path
) -> Deliver:
    """Run a workflow of the app, by default the thin caller, for an event; what must hold of any run is asserted.

    `renamed` secrets have other names; `database` is the trivy database that is in force that day. An attack says
    itself what it gains: its run is not `checked`. `caches` is a folder that stands for GitHub's cache.
    """
    roles: dict[str, str] = {}

    def run(
        event: Event,
        workflow: str = CALLER,
        *,
        renamed: Mapping[str, str] | None = None,
        more_secrets: Mapping[str, str] | None = None,
        database: Path | None = None,
        caches: Path | None = None,
        checked: bool = True,
    ) -> act.Ended:
        if not roles:
            roles.update(Roles(emulator, app.slug).create())
        named = {(renamed or {}).get(name, name): arn for name, arn in roles.items()}
        secrets = {**named, **(more_secrets or {})}
        day = {"GOLDENPATH_TRIVY_CACHE": str(database)} if database else {}
        day |= {"STAND_IN_CACHES": str(caches)} if caches else {}
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=tmp_path))
        before = World.look(emulator)
        ended = Runner(surroundings, platform, emulator).run(app, event, workflow, secrets, folder, **day)
        if checked:
            invariants.hold(ended, event, before, World.look(emulator))
        return ended

    return run


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
