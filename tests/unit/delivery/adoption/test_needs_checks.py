"""`goldenpath doctor` names what a build needs and the caller does not give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from goldenpath.delivery.adoption import needs_checks
from goldenpath.delivery.adoption.checkout import GitCheckout
from goldenpath.delivery.adoption.reusable_workflow import Caller
from tests.unit.delivery.adoption.healthy_app import Forge

LFS = "*.png filter=lfs diff=lfs merge=lfs -text\n"
NPM = "FROM node\nRUN --mount=type=secret,id=npm npm ci\n"
SSH = "FROM node\nRUN --mount=type=ssh git clone git@example.com:a/b\n"


def checkout(folder: Path, submodules: tuple[str, ...] = (), **files: str) -> GitCheckout:
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text)
    return GitCheckout(folder, "team/web", "main", shallow=False, dockerfiles=(), submodules=submodules)


def caller(secrets: frozenset[str] | None) -> Caller:
    return Caller("delivery.yml", "delivery", "platform", "main", None, {}, secrets)


#        .gitattributes, submodules, given, what is named
PARTS: dict[str, tuple[str, tuple[str, ...], Mapping[str, str], list[str]]] = {
    "neither": ("", (), {}, []),
    "pointers": (LFS, (), {}, ["git-lfs"]),
    "pointers by choice of the caller": (LFS, (), {"lfs": "false"}, ["git-lfs"]),
    "large files": (LFS, (), {"lfs": "true"}, []),
    "large files by an expression": (LFS, (), {"lfs": "${{ inputs.lfs }}"}, []),
    "a comment about large files": (f"# {LFS}", (), {}, []),
    "an empty folder": ("", ("vendor/lib",), {}, ["submodules"]),
    "a submodule": ("", ("vendor/lib",), {"submodules": "true"}, []),
    "submodules of submodules": ("", ("vendor/lib",), {"submodules": "recursive"}, []),
    "a word that checkout does not know": ("", ("vendor/lib",), {"submodules": "yes"}, ["submodules"]),
    "both": (LFS, ("vendor/lib",), {}, ["git-lfs", "submodules"]),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_the_workflow_does_not_check_out_is_named(tmp_path: Path, name: str) -> None:
    attributes, submodules, given, expected = PARTS[name]
    there = checkout(tmp_path, submodules, _gitattributes=attributes)
    assert [each.about for each in needs_checks.checkout(there, given)] == expected


#        Dockerfile, secrets handed on (None: inherit), secrets of the repository, what is named
MOUNTS: dict[str, tuple[str, frozenset[str] | None, frozenset[str] | None, list[str]]] = {
    "no mount": ("FROM scratch\n", frozenset(), None, []),
    "a comment": ("# RUN --mount=type=secret,id=npm\n", frozenset(), None, []),
    "a secret that is not handed on": (NPM, frozenset(), None, ["BUILD_SECRETS"]),
    "a secret that is": (NPM, frozenset({"BUILD_SECRETS"}), None, []),
    "a secret that nobody made": (NPM, None, frozenset({"NPM_TOKEN"}), ["BUILD_SECRETS"]),
    "a secret of the repository": (NPM, None, frozenset({"BUILD_SECRETS"}), []),
    "secrets that cannot be listed": (NPM, None, None, []),
    "a key that is not handed on": (SSH, frozenset({"BUILD_SECRETS"}), None, ["BUILD_SSH_KEY"]),
    "a key that is": (SSH, frozenset({"BUILD_SSH_KEY"}), None, []),
}


@pytest.mark.parametrize("name", MOUNTS)
def test_a_secret_that_does_not_reach_the_build_is_named(tmp_path: Path, name: str) -> None:
    dockerfile, handed_on, known, expected = MOUNTS[name]
    there = checkout(tmp_path, Dockerfile=dockerfile)
    found = needs_checks.secrets(there, caller(handed_on), "Dockerfile", Forge(secrets=known))
    assert [each.what.split()[5].rstrip(",") for each in found] == expected
