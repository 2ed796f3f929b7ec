"""Twice as much takes twice as much, not four times: by counts of calls and comparisons, which no load changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from goldenpath.delivery.adoption import settle
from goldenpath.delivery.model.exception import Acceptance, ExceptionScope
from goldenpath.delivery.model.finding import Finding, Findings, Gate
from goldenpath.delivery.model.settled import Settlement
from goldenpath.delivery.report import gate_summary, job_summary, sarif
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.delivery.rules import app, settled
from goldenpath.delivery.rules.app import AppRules
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.secrets import gitleaks
from goldenpath.registries import hygiene
from goldenpath.registries.config import hcl_edit
from goldenpath.registries.config.ecr_tf import BLOCK, MAP
from goldenpath.registries.images import lifecycle
from goldenpath.registries.images.lifecycle import LifecycleImage
from goldenpath.registries.unregistered import AccountReport, RepositoryOrigin, UnregisteredRepository
from tests.unit import policy_table
from tests.unit.builders import report, secret

SMALL, LARGE = 100, 400
TODAY = date(2026, 11, 28)
POLICY = policy_table.POLICY


class Text(str):
    """A text that counts how often one like it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Text.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def cost(work: Callable[[], object]) -> int:
    """Return how many functions `work` calls, Python's own included, and how many texts it compares."""
    counted = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    Text.compared, before = 0, sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted + Text.compared


def found(count: int) -> tuple[Finding, ...]:
    """Return so many secrets of one rule that only history has, each in a file of its own."""
    one = changed(secret(), in_history_only=True)
    places = ((f"file-{number}", f"{number:032x}") for number in range(count))
    return tuple(
        changed(one, location=changed(one.location, path=Text(path)), fingerprint=Text(name)) for path, name in places
    )


def accepted(count: int) -> AppRules:
    """Return the rules that accept each of these by an exception of its own."""
    scopes = (ExceptionScope(path=each.location.path) for each in found(count))
    until = TODAY + timedelta(days=30)
    listed = tuple(Acceptance(Gate.GITLEAKS, "github-pat", scope, "A made-up one.", "web", until) for scope in scopes)
    return AppRules(exceptions=listed)


def records(count: int) -> tuple[Settlement, ...]:
    """Return the records that settle each of these."""
    return tuple(
        Settlement(each.fingerprint, each.id, each.location.path, "revoked", "web", TODAY) for each in found(count)
    )


def whole(count: int) -> Findings:
    return report(*found(count), gate=Gate.GITLEAKS)


def concluded(findings: Findings, rules: AppRules = AppRules()) -> None:  # noqa: B008  it is frozen
    """Do what follows from findings: a verdict, SARIF, the gate's summary, the job's and the comment's."""
    decision = decide(findings, POLICY, POLICY.environment("prod"), rules, today=TODAY)
    sarif.render(findings, sarif.passed(decision.verdict), category="gitleaks", dockerfile="Dockerfile")
    gate_summary.render(decision.verdict, decision.deciding, decision.unfixed)
    verdicts, deciding = {findings.gate: decision.verdict}, {findings.gate: decision.deciding}
    job_summary.render(Facts("prod", "a" * 40, (), verdicts=verdicts, deciding=deciding))


def registries(count: int) -> str:
    entries = "".join(f'    "app-{number:04}" = {{\n      id = "X"\n    }}\n' for number in range(count))
    return f"{BLOCK} {{\n  {MAP} = {{\n{entries}  }}\n}}\n"


def images(count: int) -> list[LifecycleImage]:
    return [LifecycleImage(f"sha256:{number}", frozenset({f"dev-{number}"}), number) for number in range(count)]


RULES = lifecycle.parse_lifecycle(json.dumps({"rules": [
    {"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20}},
]}))  # fmt: skip


def leaks(count: int) -> Callable[[], object]:
    """Read a report of gitleaks on so many secrets of one file."""
    one = {"RuleID": "github-pat", "Description": "", "File": "keys.txt", "Commit": "a" * 40, "Entropy": 4.5}
    raw = json.dumps([{**one, "StartLine": number, "Secret": f"{number}"} for number in range(count)]).encode()
    return lambda: gitleaks.parse(raw)


def decisions(count: int) -> Callable[[], object]:
    findings = whole(count)
    return lambda: concluded(findings)


def exceptions(count: int) -> Callable[[], object]:
    findings, rules = whole(count), accepted(count)
    return lambda: concluded(findings, rules)


def merged_exceptions(count: int) -> Callable[[], object]:
    proposed, there = accepted(count), accepted(count)
    return lambda: app.reviewed(proposed, there)


def pending_exceptions(count: int) -> Callable[[], object]:
    proposed = accepted(count)
    there = replace(proposed, exceptions=())
    return lambda: app.reviewed(proposed, there)


def settled_file(count: int) -> Callable[[], object]:
    plain = (changed(each, fingerprint=str(each.fingerprint), path=str(each.path)) for each in records(count))
    text = settled.render(plain)
    return lambda: settled.parse(text)


def settled_records(count: int) -> Callable[[], object]:
    proposed, there = records(count), records(count)
    return lambda: settled.reviewed(proposed, there, "")


def settled_again(count: int) -> Callable[[], object]:
    findings, known = found(count), records(count)
    return lambda: [
        *settle.records(settle.SettleRequest(Path(), "web", "revoked", frozenset()), findings, known, TODAY)
    ]


def registry_added(count: int) -> Callable[[], object]:
    text = registries(count)
    return lambda: hcl_edit.with_entry(text, BLOCK, MAP, "one-more", {"id": "Y"})


def registry_taken_out(count: int) -> Callable[[], object]:
    text = registries(count)
    return lambda: hcl_edit.without_entry(text, BLOCK, MAP, f"app-{count - 1:04}")


def images_expired(count: int) -> Callable[[], object]:
    listed = images(count)
    return lambda: lifecycle.expired_images(RULES, listed)


def hygiene_reported(count: int) -> Callable[[], object]:
    others = tuple(
        UnregisteredRepository(f"app-{number}", f"uri/app-{number}", RepositoryOrigin.UNKNOWN)
        for number in range(count)
    )
    environment = hygiene.EnvironmentReport("dev", account=AccountReport(others))
    return lambda: hygiene.report([environment])


@pytest.mark.parametrize(
    "prepare",
    [
        leaks, decisions,
        exceptions, merged_exceptions, pending_exceptions, settled_file, settled_records, settled_again,
        registry_added, registry_taken_out, images_expired, hygiene_reported,
    ],
)  # fmt: skip
def test_four_times_as_much_costs_four_times_as_much(prepare: Callable[[int], Callable[[], object]]) -> None:
    prepare(SMALL)()  # what is read once and kept
    small, large = cost(prepare(SMALL)), cost(prepare(LARGE))
    assert large < 1.2 * LARGE / SMALL * small, (small, large)
