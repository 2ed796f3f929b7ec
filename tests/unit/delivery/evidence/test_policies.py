"""The rules that were in force at a moment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from goldenpath.delivery.evidence import policies
from goldenpath.shared import git, merge_history
from goldenpath.shared.merge_history import MergedChange


def change(letter: str, day: int) -> MergedChange:
    return MergedChange(letter * 40, "ann", dt.datetime(2026, 10, day, tzinfo=dt.UTC), "s")


@pytest.mark.parametrize(("day", "commit"), [(1, None), (2, "a"), (4, "a"), (5, "b")])
def test_the_newest_rules_that_were_merged_by_then_count(
    monkeypatch: pytest.MonkeyPatch, day: int, commit: str | None
) -> None:
    monkeypatch.setattr(merge_history, "changes", lambda *_: (change("b", 5), change("a", 2)))
    monkeypatch.setattr(git, "text_at", lambda *_: "rules")
    monkeypatch.setattr(git, "output", lambda *words: words[-1].encode())
    file = policies.at(Path(), policies.history(Path()), dt.datetime(2026, 10, day, tzinfo=dt.UTC))
    if commit is None:
        assert file is None
    else:
        assert file
        assert (file.path, file.content) == (
            f"policies/{commit * 40}.yaml", f"{commit * 40}:{policies.FILE}".encode(),
        )  # fmt: skip


def test_rules_that_a_change_removed_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "text_at", lambda *_: None)
    assert policies.at(Path(), (change("a", 1),), dt.datetime(2026, 10, 2, tzinfo=dt.UTC)) is None
