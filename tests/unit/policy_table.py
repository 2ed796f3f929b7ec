"""The rules of unit tests: a table of their own, so that no unit test depends on the one that the platform edits.

One test holds the shipped table to what the platform promises: `tests/contract/test_shipped_policy.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.rules import matrix
from goldenpath.policy import environments

if TYPE_CHECKING:
    import pytest

TEXT = (Path(__file__).resolve().parents[1] / "data" / "policy" / environments.POLICY_FILE).read_text(encoding="utf-8")
POLICY = matrix.parse(TEXT)
REGISTRY_RULES = environments.rules_in(environments.parse(TEXT))


def use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything that asks for the rules read this table until the test is over."""
    monkeypatch.setattr(matrix, "load", lambda: POLICY)
    monkeypatch.setattr(environments, "registry_rules", lambda: REGISTRY_RULES)
