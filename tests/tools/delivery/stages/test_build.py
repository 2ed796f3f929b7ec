"""Real builds: BuildKit exports the layout; test_one_builder.py has the machines that it runs on."""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools import apps

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.images import base_images

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

BOTH = "linux/amd64,linux/arm64"
REVISION = "org.opencontainers.image.revision"


def stage(goldenpath: Command, name: str, app: App, work: WorkFolder, *words: str, **more: str) -> Ended:
    where = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev")
    return goldenpath.run(name, *where, *words, more=more)


def blob(layout: Layout, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((layout.path / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes())
    return found


def test_an_image_says_which_commit_source_and_version_it_is(goldenpath: Command, app: App, work: WorkFolder) -> None:
    stage(goldenpath, "build", app, work, "--version=1.2.3").ok()
    assert_described(app, work)


def assert_described(app: App, work: WorkFolder) -> None:
    layout, candidate = Layout(work.layout), work.read_candidate()
    manifest = blob(layout, candidate.digest)
    labels = blob(layout, manifest["config"]["digest"])["config"]["Labels"]
    assert datetime.fromisoformat(labels.pop("org.opencontainers.image.created")) == datetime.fromisoformat(
        "2026-01-01T00:00:00Z"
    )
    assert labels == {
        REVISION: app.commit,
        "org.opencontainers.image.source": f"https://github.com/{app.slug}",
        "org.opencontainers.image.version": "1.2.3",
    }
    assert manifest["annotations"][REVISION] == app.commit
    assert (candidate.commit, candidate.version) == (app.commit, "1.2.3")


def test_a_commit_built_twice_is_one_image(goldenpath: Command, app: App, tmp_path: Path) -> None:
    first, again = WorkFolder(tmp_path / "first"), WorkFolder(tmp_path / "again")
    stage(goldenpath, "build", app, first).ok()
    for path in app.folder.rglob("rootfs/**/*"):
        os.utime(path, (1, 1))
    stage(goldenpath, "build", app, again).ok()
    assert again.read_candidate() == first.read_candidate()


def test_the_hosts_certificates_are_there_while_it_is_built_and_not_in_the_image(
    goldenpath: Command, app: App, work: WorkFolder, tmp_path: Path
) -> None:
    base = base_images.python_base(print).build_context
    mark = secrets.token_hex(16)
    (tmp_path / "bundle.crt").write_text(f"# {mark}\n")
    halves = f'"{mark[:16]}""{mark[16:]}"'
    app.write(
        "Dockerfile",
        "FROM base\nRUN --mount=type=secret,id=ca,target=/run/ca.crt "
        f"grep -q {halves} /run/ca.crt && echo {secrets.token_hex(8)} > /made\n",
    ).save()
    trusted = {"SSL_CERT_FILE": str(tmp_path / "bundle.crt")}
    stage(goldenpath, "build", app, work, f"--build-contexts=base={base}", **trusted).ok()
    layout = Layout(work.layout)
    (image,) = layout.images()
    held = [gzip.decompress(layout.blob(layer.digest).read_bytes()) for layer in image.manifest.layers]
    held.append(layout.blob(image.manifest.config.digest).read_bytes())
    assert halves.replace('"', '\\"').encode() in held[-1]
    assert not [content for content in held if mark.encode() in content]


@dataclass(frozen=True)
class TwoPlatforms:
    """An app of two platforms, delivered to dev; only its arm64 image holds the planted package."""

    app: App
    work: WorkFolder
    repository: str


@pytest.fixture(scope="module")
def two(goldenpath: Command, emulator: Local, tmp_path_factory: pytest.TempPathFactory) -> TwoPlatforms:
    folder = tmp_path_factory.mktemp("platforms")
    app, work = apps.make(folder / "app"), WorkFolder(folder / "work")
    app.write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY rootfs-$TARGETARCH /\n")
    for architecture in ("amd64", "arm64"):
        apps.plant_system(app, f"rootfs-{architecture}")
    app.plant_package("rootfs-arm64")
    emulator.create_repository("team/platforms")
    words = ("--ecr-repository=team/platforms", f"--platforms={BOTH}")
    stage(goldenpath, "deliver", app, work, *words).ok()
    return TwoPlatforms(app, work, "team/platforms")


def test_two_platforms_are_one_index_with_one_digest_everywhere(two: TwoPlatforms, emulator: Local) -> None:
    layout, candidate = Layout(two.work.layout), two.work.read_candidate()
    assert [each.platform for each in candidate.platforms] == BOTH.split(",")
    assert two.work.read_verdict(Gate.TRIVY).subject == two.work.read_receipt().digest == candidate.digest
    images = {each.digest for each in candidate.platforms}
    assert {each["digest"] for each in blob(layout, candidate.digest)["manifests"]} == images
    assert set(emulator.tags(two.repository).values()) == {candidate.digest}
    assert emulator.manifests(two.repository) == {candidate.digest, *images}


def test_each_platform_is_inventoried(two: TwoPlatforms) -> None:
    amd64, arm64 = two.work.read_candidate().platforms
    documents = {"sbom.cdx.json": amd64.digest, "sbom.linux-arm64.cdx.json": arm64.digest}
    found = {path.name: json.loads(path.read_bytes()) for path in two.work.path.glob("sbom*.cdx.json")}
    assert {name: each["metadata"]["component"]["version"] for name, each in found.items()} == documents
    holders = {name for name, each in found.items() if "PyYAML" in json.dumps(each["components"])}
    assert holders == {"sbom.linux-arm64.cdx.json"}


def test_a_vulnerability_in_one_platform_alone_is_found(two: TwoPlatforms) -> None:
    assert apps.PLANTED_CVE in {each.id for each in two.work.read_findings(Gate.TRIVY).findings}
    seen = two.work.read_verdict(Gate.TRIVY).seen
    assert (seen["linux/amd64"], seen["linux/arm64"]) == ("1 packages, debian 12.12", "2 packages, debian 12.12")


def test_an_index_names_its_commit_so_that_a_re_release_knows_it(two: TwoPlatforms) -> None:
    index = blob(Layout(two.work.layout), two.work.read_candidate().digest)
    assert index["annotations"][REVISION] == two.app.commit


def test_a_changed_file_is_built_with_a_warning_where_gates_advise(
    goldenpath: Command, app: App, work: WorkFolder
) -> None:
    app.write("Dockerfile", "FROM scratch\nCOPY rootfs /\nLABEL changed=yes\n")
    ended = goldenpath.run("build", f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev").ok()
    assert f"1 tracked file differs from the commit {app.commit.short}: Dockerfile" in ended.text


def test_a_changed_file_is_not_built_where_gates_block(goldenpath: Command, app: App, work: WorkFolder) -> None:
    app.write("Dockerfile", "FROM scratch\nCOPY rootfs /\nLABEL changed=yes\n")
    ended = goldenpath.run("build", f"--source={app.folder}", f"--work-dir={work.path}", "--environment=prod")
    assert ended.error["code"] == "source-unusable"
    assert not work.candidate.exists()


def test_a_pointer_of_git_lfs_is_not_built_where_gates_block(goldenpath: Command, app: App, work: WorkFolder) -> None:
    app.write("rootfs/model", f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n").save()
    words = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=prod")
    ended = goldenpath.run("build", *words)
    assert (ended.code, ended.error["code"]) == (29, "source-incomplete")
    assert "rootfs/model" in ended.text


@pytest.fixture(scope="module")
def apart(goldenpath: Command, two: TwoPlatforms, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a candidate of each platform, each built alone. Not to be changed."""
    folder = tmp_path_factory.mktemp("apart")
    for platform in BOTH.split(","):
        name = platform.replace("/", "-")
        stage(goldenpath, "build", two.app, WorkFolder(folder / name), f"--platforms={platform}").ok()
    return folder


def test_what_was_built_apart_holds_the_same_images_as_what_was_built_at_once(
    goldenpath: Command, two: TwoPlatforms, apart: Path, work: WorkFolder
) -> None:
    done = stage(goldenpath, "build", two.app, work, f"--platforms={BOTH}", f"--candidates={apart}").ok()
    assert "joined sha256:" in done.text
    images = [[(each.config, each.origins) for each in made.read_candidate().platforms] for made in (work, two.work)]
    assert images[0] == images[1]
    assert all(origins and origins.steps for _, origins in images[0])
    stage(goldenpath, "trivy-gate", two.app, work, "--ecr-repository=x1").ok()
    assert apps.PLANTED_CVE in {each.id for each in work.read_findings(Gate.TRIVY).findings}


@pytest.mark.parametrize(
    ("platforms", "change", "what"),
    [
        ("linux/amd64", "", "There are images for linux/amd64, linux/arm64, and the build is for linux/amd64"),
        (BOTH, "linux-arm64", "The image for linux/arm64 is missing"),
        (f"{BOTH},linux/s390x", "", "The image for linux/s390x is missing"),
    ],
    ids=["one that nobody asked for", "one that is missing", "one that was never built"],
)
def test_platforms_that_are_not_those_asked_for_are_named(
    goldenpath: Command, two: TwoPlatforms, apart: Path, work: WorkFolder, tmp_path: Path, platforms: str, change: str,
    what: str,
) -> None:  # fmt: skip
    folder = shutil.copytree(apart, tmp_path / "apart")
    if change:
        shutil.rmtree(folder / change)
    done = stage(goldenpath, "build", two.app, work, f"--platforms={platforms}", f"--candidates={folder}")
    assert done.error["code"] == "build-failed"
    assert what in done.error["what"]
    assert not work.candidate.exists()


def test_one_image_that_lies_in_the_folder_itself_is_taken_too(
    goldenpath: Command, two: TwoPlatforms, apart: Path, work: WorkFolder
) -> None:
    """actions/download-artifact puts the files of a single artifact straight into its `path`."""
    alone = apart / "linux-arm64"
    done = stage(goldenpath, "build", two.app, work, "--platforms=linux/arm64", f"--candidates={alone}").ok()
    assert "for linux/arm64, " in done.text
    assert [each.platform for each in work.read_candidate().platforms] == ["linux/arm64"]


def test_two_images_for_one_platform_are_not_joined(
    goldenpath: Command, two: TwoPlatforms, apart: Path, work: WorkFolder, tmp_path: Path
) -> None:
    folder = shutil.copytree(apart, tmp_path / "apart")
    shutil.copytree(folder / "linux-arm64", folder / "zz")
    done = stage(goldenpath, "build", two.app, work, f"--platforms={BOTH}", f"--candidates={folder}")
    assert (done.error["code"], done.error["what"]) == ("build-failed", "There are two images for linux/arm64")
    assert not work.candidate.exists()


def test_an_image_of_another_commit_is_not_joined(
    goldenpath: Command, two: TwoPlatforms, apart: Path, work: WorkFolder, tmp_path: Path
) -> None:
    folder = shutil.copytree(apart, tmp_path / "apart")
    file = folder / "linux-arm64" / "candidate.json"
    file.write_text(file.read_text().replace(two.app.commit, "0" * 40))
    done = stage(goldenpath, "build", two.app, work, f"--candidates={folder}")
    assert done.error["what"] == f"linux-arm64 is of the commit {'0' * 40}"


def test_a_layer_that_changed_on_its_way_is_not_joined(
    goldenpath: Command, two: TwoPlatforms, apart: Path, work: WorkFolder, tmp_path: Path
) -> None:
    folder = shutil.copytree(apart, tmp_path / "apart")
    layout = Layout(folder / "linux-arm64" / "candidate")
    layout.blob(layout.images()[0].manifest.layers[0].digest).write_bytes(b"other bytes")
    done = stage(goldenpath, "build", two.app, work, f"--candidates={folder}")
    assert done.error["code"] == "candidate-changed"
    assert "linux-arm64" in done.error["what"]
