# A double answers with whatever its test says.
# ruff: noqa: ANN401

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldenpath.errors import BuildFailed, DiskTrouble, EngineMissing, GoldenPathError, ToolFailed, ToolTimeout
from goldenpath.model.names import Platform
from goldenpath.tools import buildx, docker_engine, process
from goldenpath.tools.buildx import Builder, Order
from tests.unit.program_double import ProgramDouble, ended, program

BUILDX = program("buildx")
REMOTE = Builder(BUILDX, "b1", "remote", exports_layout=True, environment={"BUILDX_CONFIG": "/config"})
ORDER = Order(Path("/app"), Path("/app/Dockerfile"), 1_767_225_600)
OUTPUT = (
    "--output=type=oci,tar=false,oci-mediatypes=true,compression=gzip,compression-level=1,rewrite-timestamp=true,"
    "dest=/work/candidate"
)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOLDENPATH_BUILDKIT", "SSL_CERT_FILE", "DOCKER_HOST", "BUILDX_BUILDER", "BUILDX_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def doubled(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> ProgramDouble:
    double = ProgramDouble(list(answers))
    monkeypatch.setattr(process, "run", double)
    return double


def rows(*listed: dict[str, object]) -> Any:
    return ended("\n".join(json.dumps(row) for row in listed) + "\n")


def test_a_layout_is_built_with_the_commits_time_on_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended())
    buildx.build_layout(REMOTE, ORDER, Path("/work/candidate"))
    assert double.calls == [
        (
            "/bin/buildx", "build", "--builder=b1", "--progress=plain", "--provenance=false", "--sbom=false", OUTPUT,
            "--file=/app/Dockerfile", "--build-arg=SOURCE_DATE_EPOCH=1767225600", "--", "/app",
        )
    ]  # fmt: skip
    assert double.options == [{"timeout": 3600.0, "environment": {"BUILDX_CONFIG": "/config"}}]


def test_everything_that_was_ordered_is_in_one_word_each(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended())
    order = Order(
        Path("--evil"), Path("/app/-f"), 0, {"a": "b c"}, {"rev": "1"}, (("X", "--y z"),), (("ctx", "/c"),), "stage",
        (Platform("linux/amd64"), Platform("linux/arm64")),
    )  # fmt: skip
    buildx.build_layout(REMOTE, order, Path("/work/candidate"))
    assert double.calls[0][6:] == (
        OUTPUT, "--annotation=index,manifest:rev=1", "--file=/app/-f", "--build-arg=SOURCE_DATE_EPOCH=0",
        "--build-arg=X=--y z",
        "--build-context=ctx=/c", "--label=a=b c", "--target=stage", "--platform=linux/amd64,linux/arm64",
        "--", "--evil",
    )  # fmt: skip


def test_an_annotation_of_one_platform_is_on_its_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended())
    buildx.build_layout(REMOTE, Order(Path("/app"), Path("/app/Dockerfile"), 0, annotations={"rev": "1"}), Path("/l"))
    assert "--annotation=rev=1" in double.calls[0]


def test_a_host_with_certificates_of_its_own_lends_them_to_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/bundle.crt")
    double = doubled(monkeypatch, ended())
    buildx.build_in_engine(REMOTE, ORDER, "candidate:1")
    assert "--secret=id=ca,src=/etc/ssl/bundle.crt" in double.calls[0]
    assert {"--load", "--tag=candidate:1"} <= set(double.calls[0])


@pytest.mark.parametrize(
    ("failure", "kind", "what"),
    [
        (ToolFailed("x", why='ERROR: process "/bin/sh -c false" did not complete', fix="f"), BuildFailed,
         "the image could not be built"),
        (ToolTimeout("buildx did not end within 3600 seconds", fix="f"), BuildFailed, "the image could not be built"),
        (ToolFailed("x", why="write /x: no space left on device", fix="f"), DiskTrouble,
         "the disk is full, and the image could not be built"),
        (ToolFailed("x", why="#1 [internal] waiting for connection", fix="f"), EngineMissing,
         "there is nothing to build the image with"),
    ],
)  # fmt: skip
def test_a_build_that_failed_says_whose_fault_it_was(
    monkeypatch: pytest.MonkeyPatch, failure: GoldenPathError, kind: type[GoldenPathError], what: str
) -> None:
    doubled(monkeypatch, failure)
    with pytest.raises(kind) as caught:
        buildx.build_layout(REMOTE, ORDER, Path("/work/candidate"))
    assert caught.value.what == what
    assert (failure.why or failure.what) in caught.value.why


def test_the_current_builder_is_taken_when_it_is_buildkits_own(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(
        monkeypatch,
        rows({"Name": "default", "Driver": "docker"}, {"Name": "mine", "Driver": "docker-container", "Current": True}),
    )
    chosen = buildx.builder(BUILDX)
    assert (chosen.name, chosen.driver, chosen.exports_layout) == ("mine", "docker-container", True)
    assert chosen.description == "buildx 1.0, docker-container driver"


@pytest.mark.parametrize("exports", [True, False])
def test_an_engines_builder_exports_layouts_where_the_engine_can(
    monkeypatch: pytest.MonkeyPatch, *, exports: bool
) -> None:
    doubled(monkeypatch, rows({"Name": "default", "Driver": "docker", "Current": True}))
    monkeypatch.setattr(docker_engine, "exports_layout", lambda: exports)
    assert buildx.builder(BUILDX).exports_layout is exports


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        (ended(""), "buildx names no current builder"),
        (rows({"Name": "a", "Driver": "docker"}), "buildx names no current builder"),
        (ended("not json"), "JSON is malformed"),
        (ToolFailed("buildx ended with exit status 1", why="boom", fix="f"), "buildx ended with exit status 1. boom"),
    ],
)
def test_without_a_builder_it_is_said_what_to_start(monkeypatch: pytest.MonkeyPatch, listed: Any, why: str) -> None:
    doubled(monkeypatch, listed)
    with pytest.raises(EngineMissing) as caught:
        buildx.builder(BUILDX)
    assert caught.value.what == "there is nothing to build the image with"
    assert why in caught.value.why


def test_a_buildkit_that_was_named_is_used_and_made_known_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_BUILDKIT", "tcp://127.0.0.1:1234")
    double = doubled(monkeypatch, ended(code=1), ended(), ended(code=0))
    first, again = buildx.builder(BUILDX), buildx.builder(BUILDX)
    assert first == again
    assert first.driver == "remote"
    words = [call[1:] for call in double.calls]
    assert words == [
        ("inspect", first.name), ("create", f"--name={first.name}", "--driver=remote", "tcp://127.0.0.1:1234"),
        ("inspect", first.name),
    ]  # fmt: skip


def test_a_buildkit_whose_socket_is_not_there_is_told_by_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDENPATH_BUILDKIT", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(EngineMissing) as caught:
        buildx.builder(BUILDX)
    assert caught.value.what == f"no BuildKit answers at unix://{tmp_path}/nobody.sock"
