"""The process that `goldenpath local up` leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from goldenpath.local import state
from goldenpath.local.control import Seed
from goldenpath.shared.errors import LocalTrouble

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.tools


def test_an_emulator_in_the_background_is_found_seeded_and_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "background"
    running = state.up(folder, seed=Seed(repositories=("app",), roles=("deliver",)))
    try:
        assert state.up(folder, seed=Seed(immutable_repositories=("fixed",))).pid == running.pid
        ecr = boto3.Session(running.admin_key_id, running.admin_key_secret, region_name=running.region).client(
            "ecr", endpoint_url=running.environment["AWS_ENDPOINT_URL"]
        )
        found = {r["repositoryName"]: r["imageTagMutability"] for r in ecr.describe_repositories()["repositories"]}
        assert found == {"app": "MUTABLE", "fixed": "IMMUTABLE"}
        with pytest.raises(LocalTrouble, match="The local emulator did not create the requested repositories"):
            state.up(folder, seed=Seed(repositories=("NOT A NAME",)))
    finally:
        assert state.down(folder)
    assert state.status(folder) is None
