"""One BuildKit on the engines of GitHub's machines, without and with the containerd image store: one digest."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest
from tests.tools import apps, base_registry, command, engines
from tests.tools.base_registry import Registry
from tests.tools.command import Command

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.engine import debian
from goldenpath.shared import process, runner
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.tools.apps import App
    from tests.tools.command import Ended

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not debian.may_install(), reason="engines of our own need root on Debian or Ubuntu"),
]

BOTH = "linux/amd64,linux/arm64"


@dataclass(frozen=True)
class Machine:
    """A machine with one engine, used by somebody who is not root."""

    engine: engines.Engine
    goldenpath: Command
    folder: Path

    def build(self, app: App, *words: str, more: Mapping[str, str] | None = None) -> tuple[Ended, WorkFolder]:
        """Build the app for two platforms, in a workflow run unless `more` says otherwise."""
        work = WorkFolder(Path(tempfile.mkdtemp(dir=self.folder)))
        os.chown(work.path, engines.NOBODY, engines.NOBODY)
        where = (f"--source={app.folder}", f"--work-dir={work.path}", f"--platforms={BOTH}", *words)
        return self.goldenpath.run("build", *where, more=more, cwd=self.folder), work

    def pulled(self, name: str, path: str) -> bytes:
        """Pull the image `name`; return an archive with the file at `path` in it."""
        client = docker.DockerClient(base_url=self.engine.host)
        try:
            image = client.images.pull(name, tag="1")
            container = client.containers.create(image, ["none"])
            chunks, _ = container.get_archive(path)
            content = b"".join(chunks)
            container.remove()
            client.images.remove(str(image.id), force=True)
            return content
        finally:
            client.close()

    def left(self) -> tuple[list[Any], list[Any]]:
        """Return the containers and volumes that the engine holds."""
        client = docker.DockerClient(base_url=self.engine.host)
        try:
            return client.containers.list(all=True), client.volumes.list()
        finally:
            client.close()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short path, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="gp-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def buildkit(folder: Path) -> Iterator[str]:
    """The name of an image of the pinned BuildKit."""
    with engines.image_of_buildkit(folder / "image") as name:
        yield name


@pytest.fixture(scope="module")
def without_store(folder: Path, buildkit: str) -> Iterator[Machine]:
    """A machine whose engine does not keep images in containerd's store: Ubuntu 24.04."""
    with engines.running(engines.of_this_machine(), folder / "a", containerd_store=False) as engine:
        yield machine(engine, folder / "user-a", buildkit)


@pytest.fixture(scope="module")
def with_store(folder: Path, buildkit: str) -> Iterator[Machine]:
    """A machine whose engine keeps images there: Ubuntu 26.04, Docker Desktop."""
    with engines.running(engines.of_trixie(), folder / "b", containerd_store=True) as engine:
        yield machine(engine, folder / "user-b", buildkit)


def machine(engine: engines.Engine, home: Path, buildkit: str) -> Machine:
    home.mkdir()
    os.chown(home, engines.NOBODY, engines.NOBODY)
    variables = command.surroundings(
        {
            "HOME": str(home),
            "TMPDIR": str(home),
            "GOLDENPATH_CACHE": str(runner.cache_dir()),  # to read: the programs are there
            "DOCKER_HOST": engine.host,
            "BUILDX_CONFIG": str(home / "buildx"),
            "GOLDENPATH_BUILDKIT": f"docker-image://{buildkit}",
            "GOLDENPATH_ENVIRONMENT": "dev",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
    )
    return Machine(engine, Command(variables, engines.as_user(*Command({}).words)), home)


@pytest.fixture(scope="module")
def app(folder: Path) -> App:
    """An app whose image differs by platform, and whose Dockerfile names Docker's frontend as most do."""
    made = apps.make(folder / "app", **{f"rootfs-{each}/{each}": each for each in ("amd64", "arm64")})
    made.write("Dockerfile", "# syntax=docker/dockerfile:1\nFROM scratch\nARG TARGETARCH\nCOPY rootfs-$TARGETARCH /\n")
    made.save("Two platforms")
    return made


def test_a_commit_has_one_digest_on_both_machines_and_beside_a_buildkit_of_our_own(
    without_store: Machine, with_store: Machine, goldenpath: Command, app: App, tmp_path: Path
) -> None:
    digests = {}
    for name, each in {"without": without_store, "with": with_store}.items():
        done, work = each.build(app)
        assert "BuildKit 0.34.0, docker-container driver" in done.ok().text
        digests[name] = work.read_candidate().digest
    work = WorkFolder(tmp_path / "work")
    words = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", f"--platforms={BOTH}")
    goldenpath.run("build", *words).ok()
    digests["beside"] = work.read_candidate().digest
    assert len(set(digests.values())) == 1, digests


def test_engines_crane_and_scanners_read_layers_of_several_gzip_members(
    without_store: Machine, with_store: Machine, goldenpath: Command, work: WorkFolder, tmp_path: Path
) -> None:
    """What Docker and containerd unpack, crane reads, and trivy and syft find behind the first member of a layer."""
    large = os.urandom(3 << 20)
    app = apps.make(tmp_path / "app", **{"rootfs/0-large": large}).plant_package()
    for stage in ("build", "trivy-gate", "sbom"):
        words = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", "--ecr-repository=any")
        goldenpath.run(stage, *words).ok()
    layout = Layout(work.layout)
    (layer,) = layout.images()[0].manifest.layers
    first = zlib.decompressobj(wbits=31)
    first.decompress(layout.blob(layer.digest).read_bytes())
    assert len(first.unused_data) > 2 << 20
    assert apps.PLANTED_CVE in {each.id for each in work.read_findings(Gate.TRIVY).findings}
    assert "PyYAML" in work.spdx.read_text()
    with base_registry.serving(Registry(layout, lookups=9)) as registry:
        name = f"{registry.host}/team/app"
        exported = process.run(Toolchain.load().provide("crane").path, "export", f"{name}:1", "-", timeout=60).stdout
        assert file_of(exported, "0-large") == large
        for machine in (without_store, with_store):
            assert file_of(machine.pulled(name, "/0-large"), "0-large") == large


def file_of(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        content = opened.extractfile(name)
        assert content
        return content.read()


def test_a_terminal_keeps_the_container_and_a_workflow_run_leaves_nothing(with_store: Machine, app: App) -> None:
    kept = with_store.left()
    in_actions = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": app.commit, "GITHUB_REF": "refs/heads/main"}
    named = {"GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": app.slug, "RUNNER_TEMP": str(with_store.folder)}
    done, _ = with_store.build(app, more={**in_actions, **named})
    assert "starting BuildKit from 127.0.0.1" in done.ok().text
    assert with_store.left() == kept


def test_an_image_that_cannot_be_pulled_is_told_with_what_to_do(with_store: Machine, app: App) -> None:
    nowhere = f"docker-image://127.0.0.1:9/moby/buildkit@sha256:{'0' * 64}"
    done, work = with_store.build(app, more={"GOLDENPATH_BUILDKIT": nowhere})
    assert (done.code, done.error["what"]) == (14, "BuildKit could not be started in a container")
    assert "connection refused" in done.error["why"]
    assert "GOLDENPATH_BUILDKIT=docker-image://<registry>/moby/buildkit@sha256:" in done.error["fix"]
    assert not work.candidate.exists()


def test_buildkit_itself_refuses_a_frontend_that_is_not_listed(with_store: Machine, folder: Path) -> None:
    """The second lock: for what our own reading of a Dockerfile would miss."""
    blind = folder / "blind.py"
    text = Path(command.ROOT, "tests/tools/trusting.py").read_text()
    text = text.replace("parents[2]", "parents[0]").replace('/ "src"', f'/ "{command.ROOT}/src"')
    hook = "    from goldenpath.delivery.model import frontend\n    frontend.named_in = lambda _: None\n    cli.main()"
    blind.write_text(text.replace("    cli.main()", hook))
    app = apps.make(folder / "foreign")
    app.write("Dockerfile", "# syntax=127.0.0.1:9/evil/frontend\nFROM scratch\nCOPY rootfs /\n").save(
        "Another frontend"
    )
    seeing, _ = with_store.build(app, "--environment=test")
    assert (seeing.code, seeing.error["code"]) == (17, "frontend-refused")
    words = (*with_store.goldenpath.words[:-1], str(blind))
    unseeing = Machine(with_store.engine, Command(with_store.goldenpath.variables, words), with_store.folder)
    done, _ = unseeing.build(app, "--environment=test")
    assert "'127.0.0.1:9/evil/frontend' is not an allowed gateway source" in done.error["why"]
    shutil.rmtree(app.folder)
