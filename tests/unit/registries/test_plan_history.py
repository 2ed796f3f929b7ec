"""The merged changes of registries, each with the plan that its reviewers saw."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from goldenpath.registries import plan_history, review
from goldenpath.registries.review import PlanRecord
from goldenpath.shared import git, merge_history
from goldenpath.shared.merge_history import MergedChange

SINCE = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
CHANGE = MergedChange("c" * 40, "ann", SINCE, "Add my-app (#7)", number=7)
EARLIER = replace(CHANGE, commit="d" * 40, at=SINCE - dt.timedelta(seconds=1))
PLAN = PlanRecord("prod", "my-app", "sha256:" + "0" * 64, (), "ann")


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_history, "changes", lambda *_: (CHANGE, EARLIER))
    monkeypatch.setattr(git, "output", lambda *_: b"+ registry")


def test_a_change_comes_with_its_diff_its_text_and_its_plan() -> None:
    body = f"text\n{review.record_comment(PLAN)}"
    merged = replace(CHANGE, merged_by="bob", source="github", body=body)
    ((entry, files, missing),) = plan_history.collect(Path(), "prod", SINCE, lambda _: merged)
    assert [file.path.rpartition("/")[2] for file in files] == ["change.diff", "pull-request.md", "plan.json"]
    assert (entry.plan, entry.merge.body, missing) == (PLAN, "", ())
    assert entry.files == tuple(file.path for file in files)


def test_without_github_the_plan_and_who_merged_it_are_missing() -> None:
    ((entry, files, missing),) = plan_history.collect(Path(), "prod", SINCE, lambda change: change)
    assert (entry.plan, len(files)) == (None, 1)
    assert [gap.what for gap in missing] == ["no plan", "who merged it is not known"]
    assert "pull request #7" in missing[0].fix
