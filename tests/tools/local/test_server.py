"""The local services are started once per folder and account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.local.server import Local
from goldenpath.shared.errors import LocalTrouble

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.tools


def test_two_emulators_do_not_share_an_account_or_a_folder(tmp_path: Path) -> None:
    with Local.start(tmp_path, account="111122223333") as first:
        with pytest.raises(LocalTrouble, match="Account 111122223333 is in use by another emulator in this process"):
            Local.start(tmp_path / "other", account="111122223333")
        with pytest.raises(LocalTrouble, match="Another emulator is running in"):
            Local.start(tmp_path, account="111122224444")
        first.create_repository("app")
        assert first.tags("app") == {}
