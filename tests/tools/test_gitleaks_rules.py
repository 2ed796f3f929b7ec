"""The rules in this repository against gitleaks' own, as Go fetches and checks its source."""

from __future__ import annotations

import shutil

import pytest
from dev import gitleaks_rules

pytestmark = pytest.mark.tools


@pytest.mark.skipif(shutil.which("go") is None, reason="gitleaks' source is fetched with Go")
def test_the_rules_are_gitleaks_own_but_for_the_changes() -> None:
    assert gitleaks_rules.main(["--check"]) == 0
