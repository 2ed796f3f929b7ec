from __future__ import annotations

from datetime import UTC, date, datetime

from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, ExceptionScope
from goldenpath.delivery.model.finding import Database, Finding, FindingOrigin, Findings, Severity
from goldenpath.delivery.report import gate_summary
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.app import NO_RULES, AppRules
from goldenpath.delivery.rules.decision import decide
from tests.unit.builders import report, vulnerability

TODAY = date(2026, 11, 21)
PATH = "usr/lib/python3/site-packages/PyYAML.dist-info/METADATA"
HEAD = "| severity | finding | where | what to do |\n| --- | --- | --- | --- |\n"


def render(found: Findings, rules: AppRules = NO_RULES) -> str:
    policy = matrix.load()
    decision = decide(found, policy, policy.environment("prod"), rules, today=TODAY)
    return gate_summary.render(decision.verdict, decision.deciding, decision.unfixed)


def test_a_summary_has_counts_what_decides_exceptions_and_what_to_know() -> None:
    accepted = vulnerability(identity="CVE-2")
    acceptance = Acceptance(
        accepted.gate, accepted.id, ExceptionScope(package="PyYAML"), "a test", "team-web", date(2026, 12, 31)
    )
    found = replace(
        report(vulnerability(), accepted),
        notes=("a *note*",),
        database=Database(datetime(2026, 11, 20, tzinfo=UTC), "m.example/db:2"),
        java_database=Database(datetime(2026, 11, 19, tzinfo=UTC)),
    )
    assert render(found, AppRules((), (acceptance,))) == (
        "\n| critical | high | medium | low | unknown | to fix | accepted |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| 2 | 0 | 0 | 0 | 0 | 1 | 1 |\n"
        "\n### Findings to fix\n"
        f"\n{HEAD}| CRITICAL | CVE-2020-14343 | {PATH} | Update PyYAML from 5.3 to 5.4. |\n"
        "\n### Exceptions\n"
        "\n- exception for CVE-2 (package PyYAML) accepted until 2026-12-31; team-web: a test\n"
        "\n### Notes\n"
        "\n- vulnerability database of 2026-11-20, 1 day old from m.example/db:2\n"
        "- Java database of 2026-11-19, 2 days old\n- a \\*note\\*\n"
    )


def test_what_nobody_has_fixed_is_listed_with_the_reason() -> None:
    assert (
        f"\n### Reported only: no fix exists\n\n{HEAD}| CRITICAL | CVE-2020-14343 | {PATH} | No fixed version of "
        "PyYAML is known (affected: no fix has been published): replace it or remove it. |\n"
    ) in render(report(vulnerability(fixed="")))


def test_of_very_many_a_hundred_are_listed_and_the_rest_counted() -> None:
    many = [replace(vulnerability(fixed=f"6.{number}"), fingerprint=str(number)) for number in range(102)]
    text = render(report(*many))
    assert (text.count("\n| CRITICAL"), "\n\nand 2 more, all in the reports of this run\n" in text) == (100, True)


def test_what_a_stranger_wrote_is_never_markup() -> None:
    hostile: Finding = replace(vulnerability(identity="<img src=x>"), advice="[click](javascript:x) `|`")
    text = render(report(hostile))
    assert "<img" not in text
    assert "[click]" not in text.replace("\\[", "(").replace("\\]", ")")


def test_what_the_base_image_brings_stands_together_and_first_and_the_rest_has_its_line() -> None:
    base, own = FindingOrigin(base="docker.io/library/python:3", line=1), FindingOrigin(line=12, instruction="RUN")
    found = report(
        replace(vulnerability(identity="CVE-9"), origin=own, fingerprint="1"),
        replace(vulnerability(identity="CVE-1"), origin=base, fingerprint="2"),
        replace(vulnerability(Severity.HIGH, identity="CVE-2"), origin=base, fingerprint="3"),
    )
    image = "from the base image docker.io/library/python:3"
    update = "Update PyYAML from 5.3 to 5.4."
    assert (
        f"\n### Findings to fix {image}\n"
        f"\n{HEAD}| CRITICAL | CVE-1, CVE-2 | {PATH}, {image} (line 1 of the Dockerfile) | {update} |\n"
        "\n### Findings to fix\n"
        f"\n{HEAD}| CRITICAL | CVE-9 | {PATH}, brought by RUN in line 12 of the Dockerfile | {update} |\n"
    ) in render(found)
