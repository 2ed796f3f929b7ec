"""A verdict counts for as long as the platform says, and no longer than what it rests on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, AppliedException, ExceptionScope, Standing
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.verdict import DatabaseSeen, Mode, Verdict
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.rules.freshness import require_fresh
from goldenpath.shared.errors import VerdictExpired
from tests.unit import policy_table
from tests.unit.builders import report

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def verdict(environment: str, **changed: Any) -> Verdict:  # noqa: ANN401  any field of a verdict
    policy = matrix.load()
    made = decide(report(), policy, policy.environment(environment), today=NOW.date()).verdict
    return replace(made, **{"decided_at": NOW, **changed})


def exception(expires: date, standing: Standing = Standing.ACCEPTED) -> tuple[AppliedException, ...]:
    accepted = Acceptance(Gate.TRIVY, "CVE-1", ExceptionScope(package="a"), "a reason", "a team", expires)
    return (AppliedException(accepted, standing, ("f",)),)


def database(days: int) -> DatabaseSeen:
    return DatabaseSeen(NOW - timedelta(days=days, minutes=1), 0, "")


YESTERDAY = NOW.date() - timedelta(days=1)
#       environment, what the verdict says                                     why it does not count; none: it does
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "new":                      ("prod", {}, ""),
    "three days":               ("prod", {"decided_at": NOW - timedelta(hours=72)}, ""),
    "more than three days":     ("prod", {"decided_at": NOW - timedelta(hours=73)},
                                 "it was decided 73 hours ago, and prod allows 72"),
    "a week, dev":              ("dev", {"decided_at": NOW - timedelta(hours=168)}, ""),
    "more than a week, dev":    ("dev", {"decided_at": NOW - timedelta(hours=170)},
                                 "it was decided 170 hours ago, and dev allows 168"),
    "another machine's clock":  ("prod", {"decided_at": NOW + timedelta(minutes=59)}, ""),
    "of the future":            ("dev", {"decided_at": NOW + timedelta(minutes=61)},
                                 "it is dated 2026-11-28 13:01 UTC, which is in the future"),
    "without a time":           ("dev", {"decided_at": None}, "it does not say when it was decided"),
    "an exception's last day":  ("prod", {"exceptions": exception(NOW.date())}, ""),
    "an ended exception":       ("prod", {"exceptions": exception(YESTERDAY)},
                                 "the exception for CVE-1 ended on 2026-11-27"),
    "one that ended soon":      ("prod", {"exceptions": exception(YESTERDAY, Standing.EXPIRES_SOON)},
                                 "the exception for CVE-1 ended on 2026-11-27"),
    "one that did not count":   ("prod", {"exceptions": exception(YESTERDAY, Standing.EXPIRED)}, ""),
    "an old database":          ("prod", {"database": database(3)},
                                 "its vulnerability database is 3 days old, and 3 are allowed"),
    "an old Java database":     ("prod", {"java_database": database(14)},
                                 "its Java database is 14 days old, and 14 are allowed"),
    "a Java database of 13 days": ("prod", {"java_database": database(13)}, ""),
    "a database of two days":   ("prod", {"database": database(2)}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_whether_a_verdict_still_counts(name: str) -> None:
    environment, changed, why = CASES[name]
    if not why:
        assert require_fresh(verdict(environment, **changed), matrix.load().environment(environment), NOW) == ()
        return
    with pytest.raises(VerdictExpired) as caught:
        require_fresh(verdict(environment, **changed), matrix.load().environment(environment), NOW)
    assert caught.value.what == f"The verdict of trivy no longer counts in {environment}"
    assert caught.value.why == f"{why[0].upper()}{why[1:]}"
    assert caught.value.fix.startswith('Choose "Re-run all jobs"')


def test_what_has_ended_is_only_a_warning_where_the_gate_advises() -> None:
    old = verdict("dev", exceptions=exception(YESTERDAY), database=database(8))
    assert require_fresh(old, matrix.load().environment("dev"), NOW) == (
        "trivy: the exception for CVE-1 ended on 2026-11-27",
        "trivy: its vulnerability database is 8 days old, and 7 are allowed",
    )


def test_an_app_that_made_its_gate_block_is_stopped_by_what_has_ended() -> None:
    strict = verdict("dev", mode=Mode.BLOCKING, exceptions=exception(YESTERDAY))
    with pytest.raises(VerdictExpired):
        require_fresh(strict, matrix.load().environment("dev"), NOW)


@pytest.mark.parametrize(("environment", "hours"), [("dev", 168), ("local", 168), ("test", 72), ("prod", 72)])
def test_rules_that_do_not_say_for_how_long_a_verdict_counts(environment: str, hours: int) -> None:
    text = "\n".join(line for line in policy_table.TEXT.splitlines() if "verdict_hours" not in line)
    assert matrix.parse(text).environment(environment).verdict_age == timedelta(hours=hours)
