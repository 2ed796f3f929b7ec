"""Merges and squashes as git really writes them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.evidence import merged_exceptions, policies
from goldenpath.delivery.rules import app as app_rules
from goldenpath.delivery.rules import matrix
from goldenpath.registries import plan_history
from goldenpath.shared import merge_history
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tools


def test_the_merge_that_brought_an_exception_is_named_with_who_merged_it(tmp_path: Path) -> None:
    app = apps.make(tmp_path / "app")
    app.git("switch", "--quiet", "--create", "branch")
    text = apps.accepted("CVE-2020-14343")
    first = app.write(".goldenpath.yml", text).save("Accept it")
    app.git("switch", "--quiet", "main")
    app.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #12 from team/branch", "branch")
    merge = app.commit
    app.write("rootfs/change", "later").save("Later (#13)")
    (change,) = merge_history.changes(app.folder, app.commit, ".goldenpath.yml")
    assert (change.commit, change.number, change.merged_by, change.source) == (merge, 12, change.author, "git")
    history = merged_exceptions.read([tmp_path / "app"], app.commit)
    (exception,) = app_rules.parse(text, matrix.load()).exceptions
    assert history
    assert (history.brought(exception), history.text) == (change, text.rstrip("\n"))
    assert merge != first


def test_the_diff_of_a_registry_and_the_rules_of_a_moment_come_from_the_branch(tmp_path: Path) -> None:
    platform = apps.make(tmp_path / "platform", **{"envs/prod/ecr.tf": "before\n", policies.FILE: "old\n"})
    platform.write("envs/prod/ecr.tf", "after\n").write(policies.FILE, "new\n").save("Add my-app (#7)")
    since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    newest, oldest = plan_history.collect(platform.folder, "prod", since, lambda change: change)
    assert (newest[0].merge.number, oldest[0].merge.number) == (7, None)
    content = newest[1][0].content
    assert isinstance(content, bytes)
    assert b"-before\n+after\n" in content
    rules = policies.history(platform.folder).at(dt.datetime.now(dt.UTC))
    assert rules
    assert (rules.path, rules.content) == (f"policies/{platform.commit}.yaml", b"new\n")
    earlier = policies.history(platform.folder).of(Digest.of(b"old\n"))
    assert earlier
    assert earlier.content == b"old\n"
