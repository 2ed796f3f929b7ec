"""An app whose set-up has nothing wrong, and the remarks of doctor about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.adoption import scaffold
from goldenpath.delivery.adoption.checkout import GitCheckout
from goldenpath.delivery.adoption.images import DeliveredImage
from tests.unit.delivery.adoption.healthy_app import BRANCHES, NAME, PINNED
from tests.unit.settings_double import SLUG


@pytest.fixture
def healthy(tmp_path: Path) -> GitCheckout:
    """An app with everything in order, whose caller names a release."""
    scaffold.write(tmp_path, scaffold.plan(tmp_path, (DeliveredImage(NAME),), "v1.2.3"), force=False)
    (tmp_path / "Dockerfile").write_text(PINNED)
    (tmp_path / ".dockerignore").write_text(".git\n")
    (tmp_path / "CODEOWNERS").write_text("* @team/web\n")
    return GitCheckout(tmp_path, SLUG, "main", shallow=False, dockerfiles=("Dockerfile",), branches=BRANCHES)
