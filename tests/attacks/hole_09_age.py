"""A verdict does not age: what was let through weeks ago is released today, by an approval or by a second attempt."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from goldenpath.shared.errors import VerdictExpired
from tests.attacks.attack import Patch, Scene, attack
from tests.attacks.planted import push


def no_reason(*_: object) -> str:
    """Find nothing wrong with the moment of a verdict."""
    return ""


def no_end(*_: object) -> tuple[str, ...]:
    """Find nothing that has ended."""
    return ()


UNTIMELY = Patch("goldenpath.delivery.rules.freshness._untimely", no_reason)
ENDED = Patch("goldenpath.delivery.rules.freshness._ended", no_end)


def released(scene: Scene, *gates: str, environment: str = "dev", **said: Any) -> None:  # noqa: ANN401  JSON
    """Release with verdicts of `gates` that say what they said when they were new, and assert that it is out."""
    work, repository = scene.fixture("work"), scene.fixture("repository")
    scene.fixture("ready")
    for gate in ("gitleaks", "trivy"):
        path = work.path / f"{gate}.verdict.json"
        blocking = {"environment": environment, "mode": "blocking"} if environment != "dev" else {}
        path.write_text(json.dumps({**json.loads(path.read_text()), **blocking, **(said if gate in gates else {})}))
    push(scene, repository, environment=environment)
    assert work.read_candidate().digest in scene.fixture("emulator").tags(repository).values()


def moment(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


@attack(9, VerdictExpired, "hours ago, and test allows 72", UNTIMELY)
def a_release_is_approved_four_weeks_after_its_scan(scene: Scene) -> None:
    released(scene, "gitleaks", "trivy", environment="test", decided_at=moment(days=28))


@attack(9, VerdictExpired, "hours ago, and dev allows 168", UNTIMELY)
def a_failed_job_is_run_again_weeks_later_where_gates_only_advise(scene: Scene) -> None:
    released(scene, "gitleaks", "trivy", decided_at=moment(days=28))


@attack(9, VerdictExpired, "The verdict of gitleaks no longer counts in test", UNTIMELY)
def the_image_is_scanned_again_and_the_source_is_not(scene: Scene) -> None:
    released(scene, "gitleaks", environment="test", decided_at=moment(hours=100))


@attack(9, VerdictExpired, "which is in the future", UNTIMELY)
def a_runner_whose_clock_is_a_year_ahead_scans_for_the_next_year(scene: Scene) -> None:
    released(scene, "trivy", environment="test", decided_at=moment(days=-365))


@attack(9, VerdictExpired, "It does not say when it was decided", UNTIMELY)
def a_verdict_is_taken_that_says_nothing_of_its_time(scene: Scene) -> None:
    released(scene, "trivy", environment="test", decided_at=None)


@attack(9, VerdictExpired, "The exception for CVE-2020-14343 ended on", ENDED)
def an_exception_that_ended_since_the_scan_still_counts(scene: Scene) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    acceptance = {
        "gate": "trivy", "id": "CVE-2020-14343", "scope": {"package": "PyYAML"}, "reason": "for a while",
        "owner": "team-web", "expires": yesterday,
    }  # fmt: skip
    applied = {"acceptance": acceptance, "standing": "expires-soon", "findings": ["one"]}
    released(scene, "trivy", environment="test", exceptions=[applied], accepted=1)


@attack(9, VerdictExpired, "Its vulnerability database is 29 days old, and 3 are allowed", ENDED)
def the_database_was_new_when_the_image_was_scanned(scene: Scene) -> None:
    database = {"updated": moment(days=29, hours=1), "age_days": 0, "source": "a mirror"}
    released(scene, "trivy", environment="test", database=database)
