"""The policy that is shipped."""

from __future__ import annotations

from importlib import resources

from goldenpath.delivery.rules import matrix
from goldenpath.policy import source

FOLDER = resources.files("goldenpath.policy")


TEXT = (FOLDER / "environments.yaml").read_text(encoding="utf-8")


def test_the_shipped_rules_are_proved_before_they_are_shipped() -> None:
    assert source.proof(TEXT, matrix.SCHEMA) == (FOLDER / matrix.PROOF).read_text(encoding="utf-8").strip()
    assert matrix.load() == matrix.parse(TEXT)
