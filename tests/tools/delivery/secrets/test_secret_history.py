"""The versions of a file that brought a secret."""

from __future__ import annotations

import pytest

from goldenpath.shared.toolchain import Program, Toolchain

pytestmark = pytest.mark.tools


@pytest.fixture
def program() -> Program:
    return Toolchain.load().provide("gitleaks")
