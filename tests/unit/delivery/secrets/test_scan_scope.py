from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from goldenpath.delivery.secrets import git_objects, scan_scope
from goldenpath.delivery.secrets.scan_scope import PreviousScan, ScanScope


def scope(*, may_be_kept: bool) -> ScanScope:
    wanted: Any = SimpleNamespace(commits=("a", "b"), revisions=("HEAD",), history=Path(), commit="b")
    other: Any = SimpleNamespace(names={})
    return ScanScope(Path(), other, wanted, other, PreviousScan.nothing(), may_be_kept)


@pytest.mark.parametrize(("may_be_kept", "in_git", "times"), [(False, True, 0), (True, False, 0), (True, True, 1)])
def test_only_a_whole_scan_of_what_git_keeps_is_kept(
    monkeypatch: pytest.MonkeyPatch, *, may_be_kept: bool, in_git: bool, times: int
) -> None:
    kept = list[Any]()
    monkeypatch.setattr(scan_scope, "keep", lambda *words: kept.append(words))
    monkeypatch.setattr(git_objects, "is_in_git", lambda _: in_git)
    monkeypatch.setattr(git_objects, "unscanned_submodules", lambda *_: ())
    leak: Any = SimpleNamespace(Commit="a")
    brought: Any = SimpleNamespace(commit=lambda _: "a")
    scope(may_be_kept=may_be_kept).keep(brought, [leak], [])
    assert len(kept) == times


def test_what_is_about_to_be_scanned_is_said() -> None:
    assert scope(may_be_kept=True).sentence == "scanning 2 commits (HEAD) for secrets"
