from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from tests.unit.program_double import ProgramDouble, ended

from goldenpath.registries import platform_git
from goldenpath.shared import process
from goldenpath.shared.errors import SourceUnusable, ToolFailed

CHECKOUT = Path("/checkout")


def double(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> ProgramDouble:  # noqa: ANN401  what ProgramDouble takes
    made = ProgramDouble(list(answers))
    monkeypatch.setattr(process, "run", made)
    return made


def test_a_token_travels_by_the_environment_for_one_call_and_replaces_what_the_checkout_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    git = double(monkeypatch, ended(), ended("c" * 40 + "\n"))
    assert platform_git.fetch(CHECKOUT, "refs/heads/x", "https://github.com/", "the-token") == "c" * 40
    header = "AUTHORIZATION: basic " + base64.b64encode(b"x-access-token:the-token").decode()
    settings = [value for name, value in git.options[0]["environment"].items() if name.startswith("GIT_CONFIG_VALUE_")]
    assert settings[-2:] == ["", header]
    assert not any("token" in word for call in git.calls for word in call)
    assert header not in git.options[1]["environment"].values()


def test_a_branch_is_pushed_with_a_lease_on_the_tip_that_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    git = double(monkeypatch, ended("a" * 40 + "\trefs/heads/registry/dev/x\n"), ended())
    assert platform_git.push(CHECKOUT, "b" * 40, "registry/dev/x")
    lease = f"--force-with-lease=refs/heads/registry/dev/x:{'a' * 40}"
    assert git.calls[1][-4:] == ("--quiet", lease, "origin", f"{'b' * 40}:refs/heads/registry/dev/x")


def test_the_same_commit_is_not_pushed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    double(monkeypatch, ended("a" * 40 + "\trefs/heads/x\n"))
    assert not platform_git.push(CHECKOUT, "a" * 40, "x")


def test_a_refused_push_says_that_another_run_may_have_been_first(monkeypatch: pytest.MonkeyPatch) -> None:
    double(monkeypatch, ended(), ToolFailed("git failed", why="stale info", fix=""))
    with pytest.raises(SourceUnusable) as refused:
        platform_git.push(CHECKOUT, "b" * 40, "x")
    assert refused.value.why == "stale info"
    assert "Another run may have pushed it just now" in refused.value.fix


def test_a_merge_in_conflict_has_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    double(monkeypatch, ended("t" * 40 + "\n"), ended("t" * 40 + "\nenvs/dev/ecr.tf\n", code=1))
    assert platform_git.merged_tree(CHECKOUT, "a", "b") == "t" * 40
    assert platform_git.merged_tree(CHECKOUT, "a", "b") == ""
