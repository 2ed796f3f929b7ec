"""Scans of one user at a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.kept_scans import TerminalScans

from goldenpath.delivery.scanners import result_cache
from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner
from goldenpath.shared.toolchain import Program, Toolchain


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a user who has scanned nothing; the programs are those of this machine."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def program() -> Program:
    return Toolchain.load().provide("syft")


@pytest.fixture
def scans(program: Program, cache: Path, trivy_cache: Path, monkeypatch: pytest.MonkeyPatch) -> TerminalScans:
    trivy = Toolchain.load().provide("trivy")
    monkeypatch.setenv("GOLDENPATH_CACHE", str(cache))
    assert program.sha256
    return TerminalScans(TrivyScanner(trivy, trivy_cache, secrets=True, kept=result_cache.of(trivy)))
