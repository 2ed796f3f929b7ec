"""The short form of `make faults`: a sample of every fault, and of every signal and race at random instants."""

from __future__ import annotations

import random
import signal
from collections import Counter
from pathlib import Path

import pytest
from tests.faults import campaign, signals
from tests.faults.proxy import Fault

pytestmark = pytest.mark.tools

FIRST = next(iter(Fault))


def test_a_release_that_meets_a_fault_is_all_old_or_all_new_and_a_plain_run_afterwards_succeeds(
    tmp_path: Path,
) -> None:
    with campaign.standing(tmp_path) as stand:
        every = list(campaign.cases(stand))
        tally = campaign.campaign(stand, random.Random(5).sample(every, 40))  # noqa: S311  a choice, not a secret
    requests = Counter(situation.name for situation, _, fault, persistent in every if persistent and fault is FIRST)
    # Whoever adds a request to a release, or takes one out, says so here.
    assert requests == {
        "an empty repository": 29, "an immutable repository": 25, "the same commit, built before": 28,
        "an earlier commit, and two platforms": 37, "a later commit": 24,
    }  # fmt: skip
    assert len(every) == requests.total() * len(Fault) * 2
    assert (tally.runs, tally.ends["torn"], tally.wrong) == (40, 0, [])
    assert {*tally.ends} == {"all-old", "all-new"}


def test_a_release_that_is_stopped_or_killed_or_meets_another_ends_whole(tmp_path: Path) -> None:
    with signals.standing(tmp_path, seed=5) as stand:
        ends = [signals.stopped(stand, number, 6) for number in (signal.SIGTERM, signal.SIGKILL)]
        ends.append(signals.races(stand, 8))
    assert [tally.wrong for tally in ends] == [[], [], []]
    assert [sum(tally.ends.values()) for tally in ends] == [6, 6, 8]
