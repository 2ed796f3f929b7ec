"""The fitted curve of `make growth`: it sees a square behind a fixed cost, and takes no noise for one."""

from __future__ import annotations

import math
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from dev.growing import report
from dev.growing.findings import CASES
from dev.growing.fit import Point, fit

SIZES = (1, 10, 100, 300, 1_000)


def points(cost: Callable[[float], float]) -> list[Point]:
    return [Point(size, cost(size), cost(size)) for size in SIZES]


@pytest.mark.parametrize(
    ("cost", "exponent"),
    [
        (lambda size: 0.3 + 0.01 * size, 1.0),
        (lambda size: 0.3 + 0.00001 * size**2, 2.0),
        (lambda size: 0.00001 * size**2, 2.0),
        (lambda size: 0.1 + 0.1 * size**0.5, 0.5),
        (lambda size: 0.01 * size * (1.1 if size in {10, 300} else 0.95), 1.0),
    ],
    ids=["linear", "a square behind a fixed cost", "a square", "a root", "linear on a machine that is not quiet"],
)
def test_the_exponent_is_that_of_what_grows(cost: Callable[[float], float], exponent: float) -> None:
    found = fit(points(cost))
    assert found.exponent == pytest.approx(exponent, abs=0.1)
    assert found.is_linear is (exponent <= 1)


def test_sorting_is_taken_for_linear() -> None:
    sizes = (2_500, 5_000, 10_000, 25_000)
    assert fit([Point(size, 1e-6 * size * math.log(size), 1) for size in sizes]).is_linear


def test_what_stays_nearly_the_same_does_not_grow() -> None:
    found = fit(points(lambda size: 0.3 if size == SIZES[1] else 0.25))
    assert (found.is_flat, found.is_linear) == (True, True)


def test_the_page_and_the_chart_say_what_grows_faster() -> None:
    case, bad = CASES[0], points(lambda size: 0.00001 * size**2)
    series = [(case, bad, "2026-11-28"), (CASES[1], points(lambda size: 0.01 * size), "2026-11-28")]
    page, chart = report.page(series), report.chart(series)
    assert [line.rpartition("| ")[0].rpartition("| ")[2].strip() for line in page.splitlines()[-2:]] == ["2.00", "1.00"]
    assert page.count("**grows faster**") == 1
    texts = [each.text for each in ET.fromstring(chart).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  ours
    assert [text for text in texts if text and "exponent" in text] == [
        "grows faster, exponent 2.00", "linear or better, exponent 1.00",
    ]  # fmt: skip
