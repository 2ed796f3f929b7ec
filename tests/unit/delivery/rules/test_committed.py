"""Which commit the records of settled secrets are read from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from goldenpath.delivery.checkout import git_branches
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.settled import Settlement
from goldenpath.delivery.rules import settled
from goldenpath.shared.errors import ToolFailed
from goldenpath.shared.names import Commit
from tests.unit.builders import COMMIT, secret
from tests.unit.delivery.rules.test_settled import EVENTS, place

if TYPE_CHECKING:
    import pytest

    from goldenpath.delivery.model.finding import Finding

TODAY, TIP, NOWHERE = date(2026, 11, 28), Commit("b" * 40), Path("/nowhere")


GONE: Finding = changed(secret(), fingerprint="0123456789abcdef" * 2, in_history_only=True)


RECORD = Settlement(GONE.fingerprint, GONE.id, GONE.location.path, "revoked, SEC-12", "security team", TODAY)


WITH, WITHOUT = settled.render([RECORD]), settled.render([])


def test_where_the_default_branch_is_unknown_or_cannot_be_read_no_record_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place(monkeypatch, WITH, "version: 2\n")
    records = settled.effective_records(NOWHERE, EVENTS["a tag"])
    assert (records.counting, records.pending, len(records.notes)) == ((), (RECORD,), 1)
    assert settled.effective_records(NOWHERE, changed(EVENTS["a tag"], default_branch="")).counting == ()

    def unreadable(*_: object) -> Commit:
        raise ToolFailed("git failed", why="no such\nref", fix="f")

    monkeypatch.setattr(git_branches, "tip", unreadable)
    records = settled.effective_records(NOWHERE, EVENTS["a tag"])
    assert (records.counting, records.why_pending) == (
        (), "does not count: the default branch trunk cannot be read (no such ref)",
    )  # fmt: skip


def test_at_a_terminal_the_records_of_the_commit_count_and_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    place(monkeypatch, WITH, None)
    records = settled.effective_records(NOWHERE, Event("terminal", Commit(COMMIT), "HEAD"))
    assert (records.counting, len(records.notes)) == ((RECORD,), 1)
