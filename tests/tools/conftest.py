"""What tests of the pipeline share: one engine, one trivy database and one emulator for a whole run of pytest.

Every test has an ECR repository, an app and a work folder of its own, so tests may run side by side (`-n 2`): each
worker then has its own emulator and database, and all share the one engine, which counts its users by file locks.
"""

from __future__ import annotations

import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.attacks.attack import Scene
from tests.doubles import trivy_db
from tests.doubles.local import LocalWithGitHub
from tests.terraform_provider import world as worlds
from tests.tools import apps, command, registry_platform, trusting
from tests.tools.command import Command, Ended

from goldenpath import cli
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.aws.data_plane import Call, DataPlane
from goldenpath.local.demo import demo
from goldenpath.local.engine import engine
from goldenpath.shared import github_api, runner
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.terraform_provider.world import World
    from tests.tools.apps import App
    from tests.tools.registry_platform import Platform

# Not the account of the emulators that other modules start in this process.
ACCOUNT = "210987654321"
ROLE = "deliver"

Inside = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a workflow run inside this process use the programs that the tests share."""
    monkeypatch.setattr(runner, "trusts_machine", trusting.trusts_machine)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our double of GitHub be written to at any time. The pauses would be a third of the tests of registries."""
    monkeypatch.setattr(github_api, "SECONDS_BETWEEN_WRITES", 0)


@pytest.fixture(scope="session")
def builder() -> Iterator[engine.Engine]:
    """What builds images: an engine, and a BuildKit that exports layouts."""
    with engine.provide(print) as found:
        yield found


@pytest.fixture(scope="session")
def trivy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trivy database made of a few advisories, in which the planted package is known."""
    program = Toolchain.load().provide("trivy-db").path
    return trivy_db.build_database(program, tmp_path_factory.mktemp("trivy"))


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWithGitHub]:
    """AWS, a registry and GitHub, with a role that any repository's runs may assume."""
    with LocalWithGitHub.start(tmp_path_factory.mktemp("emulator"), account=ACCOUNT) as local:
        local.create_role(ROLE)
        yield local


@pytest.fixture(scope="session")
def variables(
    builder: engine.Engine, trivy_cache: Path, emulator: LocalWithGitHub, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The environment of a run that has an engine, a database and the emulator."""
    more = {
        "GOLDENPATH_TRIVY_CACHE": str(trivy_cache),
        "GOLDENPATH_AWS_REGION": emulator.region,
        "GOLDENPATH_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
        "DOCKER_CONFIG": str(tmp_path_factory.mktemp("docker")),
    }
    return command.surroundings(emulator.environment(), demo.engine_variables(builder), more)


@pytest.fixture(scope="session")
def goldenpath(variables: Mapping[str, str]) -> Command:
    """The `goldenpath` command."""
    return Command(variables)


@pytest.fixture
def inside(
    variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Inside]:
    """The same command inside this process, where a test can plant a fault."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run(*words: object, more: Mapping[str, str] | None = None) -> Ended:
        for name, value in {**variables, **(more or {})}.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = cli.run([*map(str, words)])
        return Ended(code, "".join(capsys.readouterr()))

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def repository(emulator: LocalWithGitHub) -> str:
    """A mutable ECR repository of the test's own."""
    name = f"team/{secrets.token_hex(4)}"
    emulator.create_repository(name)
    return name


@pytest.fixture
def frozen(emulator: LocalWithGitHub) -> str:
    """An immutable ECR repository of the test's own."""
    name = f"frozen/{secrets.token_hex(4)}"
    emulator.create_repository(name, immutable=True)
    return name


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A clean app."""
    return apps.make(tmp_path / "app")


@pytest.fixture
def work(tmp_path: Path) -> WorkFolder:
    """An empty work folder."""
    return WorkFolder(tmp_path / "work")


@pytest.fixture(scope="session")
def checked(goldenpath: Command, tmp_path_factory: pytest.TempPathFactory) -> tuple[App, WorkFolder]:
    """A clean app that was checked for dev and not released, as for a pull request. Not to be changed."""
    folder = tmp_path_factory.mktemp("checked")
    app, work = apps.make(folder / "app"), WorkFolder(folder / "work")
    words = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", "--ecr-repository=checked")
    goldenpath.run("deliver", *words, more=apps.event(folder / "runner", app, "pull_request")).ok()
    apps.for_any_repository(work)
    return app, work


@pytest.fixture(scope="session")
def terraform_world() -> Iterator[World]:
    """An AWS emulator and the stand-in of Terraform's provider. A test that needs them empty has them `forget`."""
    with worlds.running() as world:
        yield world


@pytest.fixture(scope="session")
def platform_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform's repository as every test begins with it. Not to be changed."""
    return registry_platform.seeded(tmp_path_factory.mktemp("platform"))


@pytest.fixture
def platform(terraform_world: World, platform_seed: Path, tmp_path: Path) -> Iterator[Platform]:
    """The platform's repository at its host, in an account that holds nothing yet."""
    terraform_world.forget()
    with registry_platform.running(terraform_world, platform_seed, tmp_path) as found:
        yield found


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Where an attack takes place."""
    return Scene(tmp_path, request.getfixturevalue, monkeypatch)


@pytest.fixture
def ready(checked: tuple[App, WorkFolder], work: WorkFolder) -> App:
    """An app whose candidate is in `work`, ready to be released to dev."""
    app, original = checked
    shutil.copytree(original.path, work.path)
    return app


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call that reaches the registry from now on."""
    seen: list[Call] = []
    admit = DataPlane.admit

    def noted(gate: DataPlane, call: Call, authorization: str) -> object:
        seen.append(call)
        return admit(gate, call, authorization)

    monkeypatch.setattr(DataPlane, "admit", noted)
    return seen
