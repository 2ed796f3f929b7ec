"""The rules that decided: those that a verdict names, or those that were in force at a moment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.evidence import policies
from goldenpath.shared import git, merge_history
from goldenpath.shared.errors import ToolFailed
from goldenpath.shared.merge_history import MergedChange
from goldenpath.shared.names import Digest
from goldenpath.shared.process import Completed

CONTENTS = {"a": b"first", "b": b"second"}


def change(letter: str, day: int) -> MergedChange:
    return MergedChange(letter * 40, "ann", dt.datetime(2026, 10, day, tzinfo=dt.UTC), "s")


@pytest.fixture(autouse=True)
def _branch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules were written on the 2nd, changed on the 5th and removed on the 7th."""

    def ask(_: Path, *words: str, accept: tuple[int, ...]) -> Completed:
        content = CONTENTS.get(words[-1][0])
        done = Completed("git", 0 if content else 128, content or b"", b"", 0.0)
        assert done.code in accept
        return done

    monkeypatch.setattr(merge_history, "changes", lambda *_: (change("c", 7), change("b", 5), change("a", 2)))
    monkeypatch.setattr(git, "ask", ask)


@pytest.mark.parametrize(("day", "commit"), [(1, ""), (2, "a"), (4, "a"), (5, "b"), (8, "")])
def test_the_newest_rules_that_were_merged_by_then_count(day: int, commit: str) -> None:
    file = policies.history(Path()).at(dt.datetime(2026, 10, day, tzinfo=dt.UTC))
    assert (file.path, file.content) == (f"policies/{commit * 40}.yaml", CONTENTS[commit]) if file else not commit


@pytest.mark.parametrize(("content", "commit"), [(b"first", "a"), (b"second", "b"), (b"rules that nobody merged", "")])
def test_rules_are_found_by_the_digest_that_a_verdict_names(content: bytes, commit: str) -> None:
    file = policies.history(Path()).of(Digest.of(content))
    assert (file.path, file.content) == (f"policies/{commit * 40}.yaml", content) if file else not commit


def test_a_clone_that_git_cannot_read_is_no_clone_without_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object, **__: Any) -> Completed:  # noqa: ANN401
        raise ToolFailed("git ended with exit status 1", why="error: object file is empty", fix="")

    monkeypatch.setattr(git, "ask", ask)
    with pytest.raises(ToolFailed):
        policies.history(Path())
