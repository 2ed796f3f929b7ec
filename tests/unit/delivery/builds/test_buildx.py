# A double answers with whatever its test says.
# ruff: noqa: ANN401

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.builds import buildx
from goldenpath.delivery.builds.builder import Builder
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.model.build_secrets import BuildSecret, SshSource
from goldenpath.shared import process
from goldenpath.shared.errors import BuildFailed, DiskTrouble, EngineMissing, GoldenPathError, ToolFailed, ToolTimeout
from goldenpath.shared.names import Platform
from tests.unit.program_double import ProgramDouble, ended, program

BUILDX = program("buildx")
REMOTE = Builder(BUILDX, "b1", "remote", "0.34.0", {"BUILDX_CONFIG": "/config"})
ORDER = BuildOrder(Path("/app"), Path("/app/Dockerfile"), 1_767_225_600)
OUTPUT = (
    "--output=type=oci,tar=false,oci-mediatypes=true,compression=uncompressed,source-date-epoch=97445,"
    "dest=/work/candidate"
)
FINAL = (
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


def test_a_layout_is_built_without_times_so_that_the_builders_cache_serves_the_next_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    double = doubled(monkeypatch, ended())
    buildx.build_layout(REMOTE, ORDER, Path("/work/candidate"))
    assert double.calls == [
        (
            "/bin/buildx", "build", "--builder=b1", "--progress=plain", "--provenance=false", "--sbom=false", OUTPUT,
            "--file=/app/Dockerfile", "--", "/app",
        )
    ]  # fmt: skip


def test_a_final_layout_is_built_with_the_commits_time_on_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended())
    buildx.build_layout(REMOTE, ORDER, Path("/work/candidate"), is_final=True)
    assert double.calls == [
        (
            "/bin/buildx", "build", "--builder=b1", "--progress=plain", "--provenance=false", "--sbom=false", FINAL,
            "--file=/app/Dockerfile", "--build-arg=SOURCE_DATE_EPOCH=1767225600", "--", "/app",
        )
    ]  # fmt: skip
    assert double.options == [{"timeout": 3600.0, "environment": {"BUILDX_CONFIG": "/config"}}]


def test_everything_that_was_ordered_is_in_one_word_each(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended())
    order = BuildOrder(
        Path("--evil"), Path("/app/-f"), 0, {"a": "b c"}, {"rev": "1"}, (("X", "--y z"),), (("ctx", "/c"),), "stage",
        (Platform("linux/amd64"), Platform("linux/arm64")), tells_epoch=True,
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
    buildx.build_layout(
        REMOTE, BuildOrder(Path("/app"), Path("/app/Dockerfile"), 0, annotations={"rev": "1"}), Path("/l")
    )
    assert "--annotation=rev=1" in double.calls[0]


def test_a_host_with_certificates_of_its_own_lends_them_to_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/bundle.crt")
    double = doubled(monkeypatch, ended())
    buildx.build_layout(REMOTE, ORDER, Path("/work/candidate"))
    assert "--secret=id=ca,src=/etc/ssl/bundle.crt" in double.calls[0]


@pytest.mark.parametrize(
    ("failure", "kind", "what"),
    [
        (ToolFailed("x", why='ERROR: process "/bin/sh -c false" did not complete', fix="f"), BuildFailed,
         "The image could not be built"),
        (ToolTimeout("buildx did not end within 3600 seconds", fix="f"), BuildFailed, "The image could not be built"),
        (ToolFailed("x", why="ERROR: docker.io/library/python:3: unexpected status: 401 Unauthorized", fix="f"),
         BuildFailed, "The image could not be built"),
        (ToolFailed("x", why="write /x: no space left on device", fix="f"), DiskTrouble,
         "The disk is full, and the image could not be built"),
        (ToolFailed("x", why="#1 [internal] waiting for connection", fix="f"), EngineMissing,
         "There is nothing to build the image with"),
        (ToolFailed("x", why="ERROR: failed to build: OCI exporter is not supported for the docker driver.", fix="f"),
         EngineMissing, "The builder b1 cannot export an image layout"),
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


def test_secrets_reach_the_build_by_variables_and_files_and_never_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/bundle.crt")
    double = doubled(monkeypatch, ended())
    secrets = (
        BuildSecret("npm", b"t0ken-value"), BuildSecret("rc", b"in-a-file", Path('/a,"b"')), BuildSecret("ca", b"mine"),
    )  # fmt: skip
    order = dataclasses.replace(ORDER, secrets=secrets, ssh=(SshSource("default", ("/k1", "/k2")),))
    buildx.build_layout(REMOTE, order, Path("/l"))
    words = [word for word in double.calls[0] if word.startswith(("--secret", "--ssh"))]
    assert words == [
        "--secret=id=npm,type=env,env=GOLDENPATH_BUILD_SECRET_0", '--secret=id=rc,type=file,"src=/a,""b"""',
        "--secret=id=ca,type=env,env=GOLDENPATH_BUILD_SECRET_2", "--ssh=default=/k1,/k2",
    ]  # fmt: skip
    assert double.options[0]["environment"] == {
        "BUILDX_CONFIG": "/config", "GOLDENPATH_BUILD_SECRET_0": "t0ken-value", "GOLDENPATH_BUILD_SECRET_2": "mine",
    }  # fmt: skip


def test_a_secret_that_the_build_printed_is_not_in_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(monkeypatch, ToolFailed("x", why="#9 0.1 token is t0ken-value\nERROR: exit code: 1", fix="f"))
    order = dataclasses.replace(ORDER, secrets=(BuildSecret("npm", b"t0ken-value\n"),))
    with pytest.raises(BuildFailed) as caught:
        buildx.build_layout(REMOTE, order, Path("/l"))
    assert caught.value.why == "#9 0.1 token is ***\nERROR: exit code: 1"


def test_a_build_is_held_to_the_sources_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended())
    buildx.build_layout(REMOTE, ORDER, Path("/work/candidate"), sources=Path("/s/sources.json"))
    assert double.options[0]["environment"] == {
        "BUILDX_CONFIG": "/config",
        "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": "/s/sources.json",
    }


def test_the_graph_of_a_build_is_what_buildkit_answers_and_nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, ended("{}"))
    assert buildx.graph(REMOTE, ORDER) == b"{}"
    assert double.calls == [
        (
            "/bin/buildx", "build", "--builder=b1", "--progress=plain", "--call=convertllb,format=json",
            "--file=/app/Dockerfile", "--", "/app",
        )
    ]  # fmt: skip


def test_a_frontend_that_knows_no_graph_has_none_and_a_missing_image_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    why = "ERROR: failed to solve: unsupported request frontend.convertllb: unsupported request frontend.convertllb"
    doubled(monkeypatch, ToolFailed("x", why=why, fix="f"), ToolFailed("x", why="ERROR: no such host", fix="f"))
    assert buildx.graph(REMOTE, ORDER) is None
    with pytest.raises(BuildFailed, match="no such host"):
        buildx.graph(REMOTE, ORDER)
