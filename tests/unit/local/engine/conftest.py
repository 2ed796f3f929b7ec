"""No engine but those that a test gives, and no program is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.local.engine import daemon
from goldenpath.shared import process
from tests.unit.local.engine.engine_double import answers, refuse


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep everything below a folder whose path is short enough; no engine answers anywhere."""
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path / "c"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    answers(monkeypatch, {})
    monkeypatch.setattr(daemon, "listens", lambda _path: False)
    monkeypatch.setattr(process, "run", refuse)
    return tmp_path / "c"
