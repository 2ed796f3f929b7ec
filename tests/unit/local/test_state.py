"""The state file of a background emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.local import state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("content", [None, "", "{}", '{"pid": "x"}', "null"])
def test_no_state_or_a_broken_one_means_not_running(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / state.FILE).write_text(content)
    assert state.status(tmp_path) is None


def test_stopping_what_does_not_run_removes_an_old_state(tmp_path: Path) -> None:
    (tmp_path / state.FILE).write_text("{}")
    assert state.down(tmp_path) is False
    assert not (tmp_path / state.FILE).exists()


def test_the_state_file_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / state.FILE).write_text("old")
    (tmp_path / state.FILE).chmod(0o644)
    state.write(tmp_path, state.LocalState(1, "h", "a", "r", "i", "s", "u", "t", {"A": "b"}))
    assert (tmp_path / state.FILE).stat().st_mode & 0o777 == 0o600
