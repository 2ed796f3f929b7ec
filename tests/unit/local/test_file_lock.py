from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.file_lock import locked

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lock_keeps_others_out_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with locked(path), pytest.raises(BlockingIOError), locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
        pass
    with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
        pass
