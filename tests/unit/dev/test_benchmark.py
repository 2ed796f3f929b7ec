"""What `make bench` makes of what was counted: figures, their spread, a table, a page and a chart.

The files in tests/data/benchmark are what a person should read. After a change to them that is meant:
`python -m tests.unit.dev.test_benchmark`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from dev.benchmark import figuring, page, rounds, store, table
from dev.benchmark.counters import Counters
from dev.benchmark.measuring import Measured, Point, ProgramSpan
from dev.benchmark.model import Figures, ProgramUse, Side, State
from dev.benchmark.services import Request, read_requests
from dev.benchmark.spread import Spread, pairs

STORED = Path(__file__).parents[2] / "data" / "benchmark"
RESULT = store.read(STORED / "performance.json")
# As the ends of a delivery of ten seconds: one second of a processor in each, and a process begun in each.
TEN_SECONDS = Measured(
    code=0,
    points=[Point(at, Counters(at, int(at), 0), Counters(at / 2), int(at)) for at in map(float, range(11))],
    programs=[ProgramSpan("git", 0, 1, 0.5), ProgramSpan("trivy", 3, 5, 2), ProgramSpan("syft", 4, 6, 1)],
    begun=[0.5 + number for number in range(10)],
    daemon_memory=7,
)


def written() -> dict[str, str]:
    """Return every file that is made of the stored result."""
    return {**page.files(RESULT), "table.txt": table.render(RESULT)}


@pytest.mark.parametrize("name", ["performance.json", "performance.md", "performance.svg", "table.txt"])
def test_the_stored_result_is_shown_as_a_person_read_it(name: str) -> None:
    assert written()[name] == (STORED / name).read_text(encoding="utf-8")


def test_a_result_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "performance.json").write_text(store.encode(RESULT))

    assert store.read(tmp_path / "performance.json") == RESULT


def test_the_chart_is_well_formed_and_has_colours_for_a_dark_page() -> None:
    text = written()["performance.svg"]

    assert len(ET.fromstring(text).findall("{*}circle")) == 2  # noqa: S314  ours
    assert "prefers-color-scheme: dark" in text


def test_a_case_that_only_one_side_delivered_is_not_compared() -> None:
    assert {each.case for each in pairs(RESULT)} == {"static"}


def test_a_ratio_is_of_the_runs_of_one_round() -> None:
    first = next(pairs(RESULT))

    assert [run.round for run in first.ours] == [run.round for run in first.recipe] == [0, 1]
    assert first.ratio(table.wall) == Spread(1.0, 0.5, 1.5)
    assert first.spread(Side.OURS, table.wall) == Spread(2.0, 1.0, 3.0)


def test_there_is_no_ratio_to_nothing() -> None:
    blocked = next(each for each in pairs(RESULT) if each.state is State.BLOCKED)

    assert blocked.ratio(table.processor) is None


def stage_file(work: Path, stage: str, *, begin: float, end: float) -> None:
    path = work / f"{stage}.timing.json"
    path.write_text(json.dumps({"seconds": end - begin}))
    os.utime(path, (end, end))


def test_the_stages_are_the_whole_delivery_also_where_two_run_side_by_side(tmp_path: Path) -> None:
    stage_file(tmp_path, "gitleaks-gate", begin=1, end=3)
    stage_file(tmp_path, "trivy-gate", begin=3, end=6)
    stage_file(tmp_path, "sbom", begin=4, end=8)

    found = figuring.by_stage(TEN_SECONDS, tmp_path, [])

    assert {name: (each.wall, each.processor) for name, each in found.items()} == {
        "secrets": (2, 2),
        "vulnerabilities": (3, 3),
        "inventory": (2, 2),
        "rest": (pytest.approx(3), 3),
    }
    assert sum(each.processes for each in found.values()) == len(TEN_SECONDS.begun)


def test_what_the_daemons_did_counts() -> None:
    whole = figuring.whole(TEN_SECONDS, [Request(2.0, is_api=False), Request(2.5, is_api=True)])

    assert (whole.processor, whole.daemon_processor, whole.all_processor) == (10, 5, 15)
    assert (whole.read, whole.memory, whole.daemon_memory) == (10, 10, 7)
    assert (whole.requests, whole.api_calls) == (1, 1)


def test_our_own_work_is_what_no_scanner_and_no_transfer_took() -> None:
    pushed = [Request(at, is_api=False) for at in (7.0, 7.5, 8.0)]
    asked_long_before = Request(1.0, is_api=False)

    assert figuring.own(TEN_SECONDS, [asked_long_before, *pushed]) == 10 - 3 - 1


def test_a_program_ran_while_one_of_its_processes_did() -> None:
    twice = Measured(0, TEN_SECONDS.points, [ProgramSpan("git", 0, 2, 1), ProgramSpan("git", 1, 3, 1)], (), 0)

    assert figuring.programs([twice])["git"] == ProgramUse(2, 3, 2)


def test_of_several_commands_memory_is_the_most_and_the_rest_the_sum() -> None:
    added = figuring.total([Figures(1, memory=5, processes=2), Figures(2, memory=3, processes=1)])

    assert added == Figures(3, memory=5, processes=3)


def test_requests_are_read_from_the_log_of_the_servers() -> None:
    lines = (
        '2026-11-28 14:37:23,786 INFO info: "POST / HTTP/1.1" 200 -\n'
        '2026-11-28 14:37:23,790 INFO "GET /v2/small/manifests/latest HTTP/1.1" 200 -\n'
        "2026-11-28 14:37:23,791 INFO a client went away: x\n"
        '2026-11-28 14:37:23,792 INFO info: "GET /health HTTP/1.1" 200 -\n'
    )

    assert [each.is_api for each in read_requests(lines)] == [True, False]


@pytest.mark.parametrize(
    ("state", "code", "requests", "is_right"),
    [
        (State.COLD, 0, 5, True),
        (State.COLD, 1, 5, False),
        (State.COLD, 0, 0, False),
        (State.BLOCKED, 1, 0, True),
        (State.BLOCKED, 0, 0, False),
        (State.BLOCKED, 1, 3, False),
    ],
)
def test_a_delivery_must_end_as_its_state_says(state: State, code: int, requests: int, *, is_right: bool) -> None:
    assert rounds.ended_well(state, code, requests) is is_right


if __name__ == "__main__":
    for name, text in written().items():
        (STORED / name).write_text(text, encoding="utf-8")
