"""The image of the project itself: built on a stand-in base, with the programs of this machine, and run."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import pytest
from tests.tools import apps, command, docker_cli
from tests.tools.command import ROOT
from tests.tools.conftest import ACCOUNT, ROLE

from goldenpath.delivery.builds import dockerfiles
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.demo import demo
from goldenpath.local.images import base_images
from goldenpath.shared import process
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.local.engine import engine
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
BUILD_SECONDS = 600.0
LARGEST = 900 << 20
BUILDERS = ("gcc", "cc", "g++", "make", "go", "ld")


class Image:
    """The built image on an engine."""

    def __init__(self, client: docker.DockerClient, name: str) -> None:
        self.client, self.name = client, name

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.client.images.get(self.name).attrs
        return facts

    def run(self, *words: str, entrypoint: str | None = None, source: Path | None = None) -> tuple[int, str]:
        """Run it without a network and without a writable system, as its own user; return exit code and output."""
        mounts = {str(source): {"bind": "/src", "mode": "ro"}} if source else {}
        container = self.client.containers.run(
            self.name, list(words), entrypoint=entrypoint, volumes=mounts, network_mode="none", read_only=True,
            tmpfs={"/tmp": "mode=1777"}, cap_drop=["ALL"], detach=True,  # noqa: S108  inside the container
        )  # fmt: skip
        try:
            return container.wait(timeout=120)["StatusCode"], container.logs().decode()
        finally:
            container.remove(force=True)


@pytest.fixture(scope="module")
def image(builder: engine.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    folder = tmp_path_factory.mktemp("image")
    name = f"goldenpath-form:{secrets.token_hex(4)}"
    client = docker.DockerClient(base_url=builder.docker_host) if builder.docker_host else docker.from_env()
    build(builder, folder, name)
    with (folder / "image.tar").open("rb") as archive:
        client.images.load(archive)
    yield Image(client, name)
    client.images.remove(name, force=True)
    client.close()


def build(builder: engine.Engine, folder: Path, name: str) -> None:
    toolchain = Toolchain.load()
    (folder / "tools").mkdir()
    for tool in toolchain.entries("pipeline"):
        home = toolchain.provide(tool.name).path.parent
        process.run("cp", "-RL", home, folder / "tools", timeout=60)
    bases = dockerfiles.base_names((ROOT / "Dockerfile").read_text())
    contexts = {"tools": str(folder / "tools"), **base_images.stand_ins(bases, print)}
    certificates = (f"--secret=id=ca,src={AUTHORITIES}",) if AUTHORITIES.exists() else ()
    process.run(
        toolchain.provide("buildx").path, "build", f"--tag={name}", _output(folder),
        *(f"--build-context={key}={value}" for key, value in contexts.items()), *certificates, ROOT,
        timeout=BUILD_SECONDS, environment=docker_cli.environment(builder, toolchain),
    )  # fmt: skip


def _output(folder: Path) -> str:
    """Return where the image goes: not compressed, since it is unpacked at once."""
    return f"--output=type=docker,compression=uncompressed,dest={folder / 'image.tar'}"


def test_the_programs_are_those_of_the_table_byte_for_byte(image: Image) -> None:
    code, text = image.run("tools", "verify")
    assert code == 0, text
    names = [tool.name for tool in Toolchain.load().entries("pipeline")]
    assert [line.split()[1] for line in text.splitlines()] == names


def test_a_stage_runs_on_a_mounted_checkout(image: Image, tmp_path: Path) -> None:
    app = apps.make(tmp_path / "app")
    code, text = image.run("gitleaks-gate", "--environment", "test", source=app.folder)
    assert code == 0, text


def test_a_gate_blocks_there_as_it_does_anywhere(image: Image, tmp_path: Path) -> None:
    app = apps.make(tmp_path / "app")
    app.plant_secret()
    code, text = image.run("gitleaks-gate", "--environment", "prod", source=app.folder)
    assert (code, "error[gate-blocked]" in text) == (10, True), text


def test_an_app_is_looked_at_without_a_network(image: Image, tmp_path: Path) -> None:
    app = apps.make(tmp_path / "app")
    code, text = image.run("doctor", "--offline", source=app.folder)
    assert (code, "run `goldenpath init`" in text) == (71, True), text


def test_every_stage_runs_in_it_from_a_mounted_checkout_to_the_registry(
    image: Image, builder: engine.Engine, trivy_cache: Path, emulator: Local, tmp_path: Path
) -> None:
    """The engine of the tests has sockets of its own that only root's group may use; a user's has a port or a group."""
    app, work = apps.make(tmp_path / "app"), tmp_path / "work"
    work.mkdir()
    process.run("cp", "-R", trivy_cache, tmp_path / "trivy", timeout=60)
    process.run("chmod", "-R", "a+rwX", work, tmp_path / "trivy", timeout=60)
    emulator.create_repository("docker/form")
    sockets = {name: address.removeprefix("unix://") for name, address in demo.engine_variables(builder).items()}
    container = image.client.containers.create(
        image.name,
        ["deliver", "--environment=test", "--ecr-repository=docker/form", "--work-dir=/work"],
        environment={
            **emulator.environment(),
            **{name: f"unix:///run/{name}.sock" for name in sockets},
            "GOLDENPATH_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
            "GOLDENPATH_AWS_REGION": emulator.region,
        },
        volumes={
            str(app.folder): {"bind": "/src", "mode": "ro"},
            str(work): {"bind": "/work", "mode": "rw"},
            str(tmp_path / "trivy"): {"bind": "/home/goldenpath/.cache/trivy", "mode": "rw"},
            **{path: {"bind": f"/run/{name}.sock", "mode": "rw"} for name, path in sockets.items()},
        },
        network_mode="host",
        cap_drop=["ALL"],
        group_add=["0"],
    )
    try:
        container.start()
        code, text = container.wait(timeout=180)["StatusCode"], container.logs().decode()
    finally:
        container.remove(force=True)
    assert code == 0, text
    digest = emulator.tags("docker/form")[f"test-{app.commit[:7]}"]
    assert set(command.digests(WorkFolder(work)).values()) == {digest}


def test_nobody_is_root_in_it_and_nobody_can_change_the_code(image: Image) -> None:
    assert image.facts["Config"]["User"] == "10001:10001"
    code, text = image.run("-c", "id -u; find /opt/goldenpath -writable", entrypoint="/bin/sh")
    links = [line for line in text.splitlines()[1:] if "/env/" not in line]
    assert (code, text.splitlines()[0], links) == (0, "10001", [])


def test_no_build_tool_and_no_cache_of_one_is_left(image: Image) -> None:
    looked = (
        f"for name in {' '.join(BUILDERS)}; do command -v $name; done; ls -d ~root/.cache /var/lib/apt/lists/*; true"
    )
    _, text = image.run("-c", looked, entrypoint="/bin/sh")
    assert [line for line in text.splitlines() if not line.startswith("ls: ")] == []
    size = image.facts["Size"]
    print(f"size: {size / (1 << 20):.0f} MiB")  # noqa: T201  shown with -s
    assert size < LARGEST
