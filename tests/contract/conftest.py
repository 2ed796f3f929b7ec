"""What the contract tests share: GitHub's own judges, one process for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.judges import judge as judges

if TYPE_CHECKING:
    from tests.judges.judge import Judge


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """GitHub's language service and its evaluator of expressions, for this checkout."""
    with judges.opened() as opened:
        yield opened
