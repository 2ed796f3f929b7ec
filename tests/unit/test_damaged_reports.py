"""Reports of the real programs, damaged in every way we could think of: an error of ours or a right answer, no crash.

The corpus is made anew each time from the recorded reports (dev/record_reports.py), always the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from goldenpath.delivery.model.finding import Finding, Gate
from goldenpath.delivery.report import gate_summary, sarif
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.scanners import syft, trivy
from goldenpath.delivery.secrets import gitleaks
from goldenpath.shared import codec
from goldenpath.shared.errors import GoldenPathError, ScannerFailed
from tests.unit.builders import report
from tests.unit.hostile import recorded

CUTS, FLIPS = 25, 25
WRONG: tuple[Any, ...] = (None, True, -1, 10**30, 1e308, "", "x" * 100_000, "\ud800", [], {}, [[]], {"": None})
Reader = Callable[[bytes], object]


def read_syft(raw: bytes) -> object:
    """Read `raw` in place of one document of syft, and then of the other."""
    try:
        syft.parse(raw, recorded("syft/vulnerable.cdx.json"))
    except ScannerFailed:
        return syft.parse(recorded("syft/vulnerable.spdx.json"), raw)
    return None


READERS: dict[str, Reader] = {
    "gitleaks/secrets.json": gitleaks.parse,
    "trivy/vulnerable.json": lambda raw: trivy.parse(raw).findings,
    "trivy/secrets.json": lambda raw: trivy.parse(raw).findings,
    "syft/vulnerable.spdx.json": read_syft,
    "syft/vulnerable.cdx.json": read_syft,
}


def damaged(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the damaged forms of the recorded report `name`, each with what was done to it."""
    whole = recorded(name)
    chance = random.Random(name)  # noqa: S311  the same corpus each time
    yield from ((f"cut at {end}", whole[:end]) for end in (chance.randrange(len(whole)) for _ in range(CUTS)))
    for _ in range(FLIPS):
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        yield f"bit {bit} of {place} flipped", bytes([*whole[:place], whole[place] ^ bit, *whole[place + 1 :]])
    yield from islice(_retyped(json.loads(whole)), 0, None, 7)
    yield "twice", whole * 2
    yield "in UTF-16", whole.decode().encode("utf-16")
    yield "with a byte order mark", b"\xef\xbb\xbf" + whole
    yield "nested deeply", b"[" * 100_000 + b"]" * 100_000
    yield "zeroes", bytes(len(whole))
    yield "nothing", b""


def _retyped(tree: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401  JSON
    """Yield `tree` with each field in turn replaced by each wrong value."""
    for path in _paths(tree):
        for wrong in WRONG:
            changed = json.loads(json.dumps(tree))
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = wrong
            yield f"{path} is {str(wrong)[:20]!r}", json.dumps(changed).encode()


def _paths(tree: Any) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401  JSON
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield (key,)
        yield from ((key, *rest) for rest in _paths(value))


CORPUS = [(name, done, raw) for name in READERS for done, raw in damaged(name)]


def test_no_damage_is_left_out() -> None:
    assert len(CORPUS) == 1432


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_report_is_an_error_of_ours_or_a_right_answer(name: str) -> None:
    for done, raw in ((done, raw) for each, done, raw in CORPUS if each == name):
        try:
            found = READERS[name](raw)
            if isinstance(found, tuple):
                follow(found)
        except GoldenPathError as error:
            assert isinstance(error, ScannerFailed), done
            assert error.why, done
        except Exception as error:
            raise AssertionError(f"{done}: {type(error).__name__}: {error}") from error


def follow(found: tuple[Finding, ...]) -> None:
    """Take what was read through everything that follows from it."""
    gate = found[0].gate if found else Gate.TRIVY
    whole, policy = report(*found, gate=gate), matrix.load()
    decision = decide(whole, policy, policy.environment("prod"), today=datetime.now(UTC).date())
    codec.decode(codec.encode(whole), type(whole))
    codec.encode(decision.verdict)
    sarif.render(whole, category="c", dockerfile="Dockerfile")
    gate_summary.render(decision.verdict, decision.deciding)
    assert sum(decision.verdict.counts.values()) == len(found)


def test_a_hundred_thousand_findings_are_all_read_and_counted() -> None:
    tree = json.loads(recorded("trivy/vulnerable.json"))
    (result,) = [each for each in tree["Results"] if each.get("Vulnerabilities")]
    one = result["Vulnerabilities"][0]
    result["Vulnerabilities"] = [{**one, "VulnerabilityID": f"CVE-2026-{number}"} for number in range(100_000)]
    found = trivy.parse(json.dumps(tree).encode()).findings
    policy = matrix.load()
    whole = report(*found)
    decision = decide(whole, policy, policy.environment("prod"), today=datetime.now(UTC).date())
    assert decision.verdict.deciding == 100_000
    assert sarif.render(whole, category="c", dockerfile="Dockerfile").left_out == 75_000
