"""What `goldenpath doctor` says of the source that an image is built from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.adoption import (
    source_checks,
)
from goldenpath.shared.check_result import Level, Remark
from tests.unit.delivery.adoption.healthy_app import (
    PINNED,
    edit,
    worst,
)

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.checkout import GitCheckout


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        (PINNED, []),
        ("FROM python:3\n", ["python:3"]),
        ("FROM --platform=$BUILDPLATFORM golang:1 AS made\nFROM scratch\nCOPY --from=made /a /a\n", ["golang:1"]),
        ("FROM debian:12@sha256:5 AS one\nFROM one\n", []),
        ("ARG BASE\nFROM $BASE\n", []),
    ],
)
def test_base_images_without_a_digest_are_named(healthy: GitCheckout, text: str, loose: list[str]) -> None:
    (healthy.folder / "Dockerfile").write_text(text)
    remarks = source_checks.dockerfile(healthy, "Dockerfile")
    named = [remark.what.split("`")[1] for remark in remarks if remark.level is Level.WARNING]
    assert named == loose


def test_a_missing_dockerfile_is_looked_for_elsewhere(healthy: GitCheckout) -> None:
    (healthy.folder / "Dockerfile").unlink()
    (remark,) = worst(replace(healthy, dockerfiles=("docker/Dockerfile",)))
    assert (remark.level, remark.fix) == (Level.ERROR, "set `dockerfile_path: ./docker/Dockerfile`")


def test_where_several_dockerfiles_are_elsewhere_all_are_listed(healthy: GitCheckout) -> None:
    (healthy.folder / "Dockerfile").unlink()
    (remark,) = worst(replace(healthy, dockerfiles=("api/Dockerfile", "web/Dockerfile")))
    assert remark.fix.startswith("set `dockerfile_path` to one of api/Dockerfile, web/Dockerfile; to deliver all")


@pytest.mark.parametrize("text", ["node_modules\n", ".git\n!.git\n"])
def test_a_context_with_the_git_folder_is_found(healthy: GitCheckout, text: str) -> None:
    (healthy.folder / ".dockerignore").write_text(text)
    assert [each.about for each in worst(healthy)] == ["context"]


@pytest.mark.parametrize(("text", "about"), [(".git\n", []), ("node_modules\n", ["context"])])
def test_an_ignore_file_of_the_dockerfile_takes_the_place_of_the_folder_s(
    healthy: GitCheckout, text: str, about: list[str]
) -> None:
    (healthy.folder / ".dockerignore").write_text("!.git\n" if not about else ".git\n")
    (healthy.folder / "Dockerfile.dockerignore").write_text(text)
    assert [each.about for each in worst(healthy)] == about


def test_a_shallow_clone_is_told(healthy: GitCheckout) -> None:
    assert [each.about for each in worst(replace(healthy, shallow=True))] == ["history"]


def test_a_submodule_without_an_entry_is_named_since_actions_checkout_fails_on_it(healthy: GitCheckout) -> None:
    (healthy.folder / ".gitmodules").write_text('[submodule "known"]\n\tpath = known\n\turl = ../known.git\n')
    edit(healthy, "    with:\n", "    with:\n      submodules: 'true'\n")
    (remark,) = worst(replace(healthy, submodules=("known", "vendor/stray")))
    assert remark == Remark(
        Level.ERROR,
        "submodules",
        "vendor/stray is committed as a submodule without an entry in .gitmodules: the workflow cannot check it out",
        "run `git rm --cached vendor/stray`, or `git submodule add <address> vendor/stray`",
    )
