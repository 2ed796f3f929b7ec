"""Five hundred requests, one after the other, into the file of an environment: Terraform itself has the last word."""

from __future__ import annotations

import itertools
import random
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from tests.tools.registry_files import PATH, write_crowded
from tests.tools.terraform_fmt import formatted

from goldenpath.registries.config import ecr_tf
from goldenpath.registries.request import Risk, parse_request

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.registries.request import RegistryRequest

pytestmark = pytest.mark.tools
REQUESTS = 500


def request(chance: random.Random, number: int) -> RegistryRequest:
    """Return a request that differs from every other one in its name and in its id."""
    team, sign = chance.choice(["a", "pay.ments", "team_web", "x-9"]), chance.choice("/._-")
    fields = {
        "environment": "dev", "name": f"{team}{sign}{chance.choice('abc')}{number}", "owner": f"team-{team}",
        "risk": chance.choice(list(Risk)).value, "requester": chance.choice(["", "octocat"]),
        "domain": chance.choice(["", "shop"]),
    }  # fmt: skip
    return parse_request(fields)


def after(text: str, requests: list[RegistryRequest]) -> str:
    for each in requests:
        text = ecr_tf.with_request(text, each, PATH)
    return text


@pytest.mark.parametrize("seed", range(10))
def test_requests_leave_a_file_that_is_formatted_whole_and_the_same_in_any_order(seed: int) -> None:
    chance, before = random.Random(seed), PATH.read_text()  # noqa: S311  a test's requests
    requests = [request(chance, number) for number in range(REQUESTS // 10)]
    text = after(before, requests)
    assert after(before, chance.sample(requests, len(requests))) == text
    assert formatted(text) == text
    lines = iter(text.splitlines())
    assert all(line in lines for line in before.splitlines()), "a line or comment of before is gone, or out of order"
    found = ecr_tf.parse(text, "dev", PATH)
    assert {(each.name, each.owner, each.risk) for each in requests} <= {(e.name, e.owner, e.risk) for e in found}
    assert len(found) == len(ecr_tf.parse(before, "dev", PATH)) + len(requests)
    assert all(one.name < two.name for one, two in pairwise(found))


def calls_to_add(checkout: Path, there: int) -> int:
    """Return how many functions it takes, Python's own included, to write one more registry into a file of so many."""
    write_crowded(checkout, there)
    calls, one = itertools.count(), request(random.Random(1), 5000)  # noqa: S311
    before = sys.getprofile()
    sys.setprofile(lambda _, event, __: next(calls) if event in {"call", "c_call"} else None)
    try:
        assert ecr_tf.add(checkout, one)
    finally:
        sys.setprofile(before)
    return next(calls)


def test_a_file_of_four_times_the_registries_takes_no_more_than_its_share_of_work(tmp_path: Path) -> None:
    small, large = calls_to_add(tmp_path, 250), calls_to_add(tmp_path, 1000)
    assert len(ecr_tf.load(tmp_path, "dev")) == 1001
    assert large / small < 8
