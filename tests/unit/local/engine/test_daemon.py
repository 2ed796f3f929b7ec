"""Daemons in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.local.engine import daemon
from goldenpath.shared import process
from goldenpath.shared.errors import EngineMissing
from goldenpath.shared.process import Completed

if TYPE_CHECKING:
    from pathlib import Path


def test_a_daemon_that_does_not_start_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = daemon.Daemon("brokend", "/usr/sbin/brokend", (), tmp_path)

    def run(_program: str, action: str, *_rest: object, **_options: object) -> Completed:
        if action == "--start":
            broken.log.write_text("disk is full\n")
        return Completed("start-stop-daemon", 1 if action == "--status" else 0, b"", b"", 0.0)

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setattr(daemon, "TAKE_OFF_SECONDS", 0)
    with pytest.raises(EngineMissing) as caught:
        broken.start(lambda: False)
    assert (caught.value.what, caught.value.why) == ("brokend did not start", "disk is full")
