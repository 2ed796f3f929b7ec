"""The short form of `make faults-applies`: the moments at which an apply may leave a registry half-way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.faults import applies
from tests.faults.apply_situations import SITUATIONS
from tests.terraform_provider.faults import Break

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.applies import Stand

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with applies.standing() as stand:
        yield stand


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        # Between destroy and create there is no lifecycle policy, and between two requests a part is changed.
        (
            "change every setting",
            [("ECR PutLifecyclePolicy", Break.REFUSED), ("ECR PutImageTagMutability", Break.LOST)],
        ),
        # A repository that was made and not read is tainted; one that no state knows is an orphan.
        ("create", [("ECR ListTagsForResource", Break.REFUSED), ("ECR CreateRepository", Break.KILLED)]),
    ],
)
def test_an_apply_that_broke_brings_what_was_reviewed_when_it_runs_again(
    stand: Stand, name: str, wanted: list[tuple[str, Break]]
) -> None:
    situation = next(situation for situation in SITUATIONS if situation.name == name)
    tally = applies.sample(stand, situation, wanted)
    assert (tally.broken, tally.again, tally.stuck) == (2, 2, [])
