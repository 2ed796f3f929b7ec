"""Who hears of a delivery, and what cannot make its report lie or fail."""

# A test changes any field of a run.
# ruff: noqa: ANN401

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.github.delivery_issue import DeliveryIssue, IssueChange
from goldenpath.delivery.model.delivery_outputs import DeliveryVerdict, JobResult
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.evidence import Report
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.notifications import webhook
from goldenpath.delivery.running import execution, gate
from goldenpath.delivery.stages import notify
from goldenpath.shared.names import ArtifactId, Commit
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT, report, vulnerability
from tests.unit.run_builder import run

if TYPE_CHECKING:
    from goldenpath.delivery.notifications.webhook import Webhook
    from goldenpath.delivery.stage import Run

HERE = Runner(in_actions=True, repository="o/app", run_id="7")
KEY = "0123456789abcdef"
BLOCKED = {"delivery_result": JobResult.FAILURE, "delivery_verdict": DeliveryVerdict.BLOCK}
RELEASED = {"delivery_result": JobResult.SUCCESS, "delivery_verdict": DeliveryVerdict.PASS, "delivery_released": True}


class Spoken:
    """Everything that was written to GitHub and sent to the webhook; `why` GitHub or the webhook refuse it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.why = {"issue": "", "webhook": ""}
        self.issues: list[tuple[str, ...]] = []
        self.messages: list[dict[str, Any]] = []
        spoken = self

        def opened(_: DeliveryIssue, title: str, text: str) -> IssueChange:
            spoken.issues.append((title, text))
            return IssueChange("not written", why=spoken.why["issue"]) if spoken.why["issue"] else CHANGED

        def closed(_: DeliveryIssue, comment: str) -> IssueChange:
            spoken.issues.append((comment,))
            return IssueChange("not open")

        def sent(_: Webhook, body: bytes, __: object) -> str:
            spoken.messages.append(json.loads(body))
            return spoken.why["webhook"]

        monkeypatch.setattr(DeliveryIssue, "open", opened)
        monkeypatch.setattr(DeliveryIssue, "close", closed)
        monkeypatch.setattr(webhook, "send", sent)


CHANGED = IssueChange("opened", 3, "https://github.com/o/app/issues/3")


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> Spoken:
    return Spoken(monkeypatch)


def delivery(folder: Path, **changed: Any) -> Run:
    given = {"runner": HERE, "github_token": "t", "webhook_url": "https://hooks.example/T0", "webhook_key": KEY}
    environment = changed.pop("environment", "prod")
    return run(folder, environment, **{**given, **BLOCKED, **changed})


def blocked(folder: Path, **changed: Any) -> Run:
    """Return the run that reports a delivery whose trivy-gate left its files, with the evidence of that job."""
    made = delivery(folder, **changed)
    gate.conclude(made, report(vulnerability()), category="trivy")
    listed = (Report(made.work.left_by("trivy-gate").digests),)
    return execution.believing(replace(made, request=replace(made.request, evidence=listed)), notify.STAGE)


def event(name: str, ref: str = "refs/heads/main", **more: Any) -> Event:
    return Event(name, Commit(COMMIT), ref, "o/app", **more)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"event": event("pull_request", "refs/pull/7/merge")}, "a pull request or a merge queue"),
        ({"event": event("pull_request", "refs/pull/7/merge", fork=True)}, "a pull request or a merge queue"),
        ({"event": event("merge_group")}, "a pull request or a merge queue"),
        ({"event": event("push", "refs/heads/gh-readonly-queue/main/pr-7")}, "a pull request or a merge queue"),
        ({"delivery_result": JobResult.CANCELLED, "delivery_verdict": DeliveryVerdict.ERROR}, "cancelled or skipped"),
        ({"delivery_result": JobResult.SKIPPED, "delivery_verdict": DeliveryVerdict.NONE}, "cancelled or skipped"),
        ({**RELEASED, "delivery_released": False}, "only checked"),
        ({"event": event("workflow_dispatch", "refs/heads/feature/x")}, "prod takes no release of this ref"),
        ({"environment": "dev"}, "the platform's rules send no notifications for dev"),
    ],
)  # fmt: skip
def test_what_releases_nothing_reports_nothing(
    tmp_path: Path, spoken: Spoken, changed: dict[str, Any], reason: str
) -> None:
    outcome = notify.run(delivery(tmp_path, **changed))
    assert reason in outcome.sentence
    assert (outcome.outputs, spoken.issues, spoken.messages) == ({"issue": "", "webhook": "none"}, [], [])


def test_a_block_is_an_issue_and_a_message(tmp_path: Path, spoken: Spoken) -> None:
    outcome = notify.run(blocked(tmp_path, reports_artifact_id=ArtifactId("99")))
    assert outcome.sentence == "my-app to prod: blocked; #3 is opened; webhook: sent"
    assert (outcome.outputs, outcome.warnings) == ({"issue": CHANGED.url, "webhook": "sent"}, ())
    ((title, text),) = spoken.issues
    assert title == "The delivery of my-app to prod is blocked"
    assert "### Findings to fix" not in text.partition("\n\n")[0]
    (message,) = spoken.messages
    assert (message["end"], message["issue_url"], message["to_fix"]) == ("blocked", CHANGED.url, 1)
    assert message["report_url"] == "https://github.com/o/app/actions/runs/7/artifacts/99"


def test_a_release_closes_the_issue(tmp_path: Path, spoken: Spoken) -> None:
    outcome = notify.run(delivery(tmp_path, **RELEASED))
    assert outcome.sentence == "my-app to prod: released; no issue is open; webhook: sent"
    assert spoken.issues == [("a1b2c3d is released to prod: [the run](https://github.com/o/app/actions/runs/7).",)]
    assert spoken.messages[0]["end"] == "released"


def test_without_evidence_only_the_end_is_reported(tmp_path: Path, spoken: Spoken) -> None:
    made = delivery(tmp_path)
    gate.conclude(made, report(vulnerability()), category="trivy")
    assert notify.run(execution.believing(made, notify.STAGE)).warnings == ()
    assert (spoken.messages[0]["counts"]["HIGH"], spoken.messages[0]["to_fix"]) == (0, 0)


def test_files_that_another_job_replaced_are_not_shown_and_hide_no_block(tmp_path: Path, spoken: Spoken) -> None:
    made = blocked(tmp_path)
    path = made.work.verdict(Gate.TRIVY)
    path.write_text(path.read_text().replace('"block"', '"pass"'))
    outcome = notify.run(made)
    assert outcome.warnings == (notify.UNREAD,)
    assert spoken.issues[0][0] == "The delivery of my-app to prod is blocked"
    assert spoken.messages[0]["to_fix"] == 0


def test_what_cannot_be_reported_is_a_warning(tmp_path: Path, spoken: Spoken) -> None:
    spoken.why = {"issue": "HTTP 403: no", "webhook": "HTTP 500"}
    outcome = notify.run(delivery(tmp_path))
    assert (outcome.stop, outcome.outputs) == (None, {"issue": "", "webhook": "failed"})
    assert outcome.warnings == (
        "The issue is not written: HTTP 403: no",
        "The webhook did not take the message: HTTP 500. The delivery stands.",
    )
    assert notify.run(delivery(tmp_path, github_token="")).warnings[0] == "The issue is not written: there is no token"
    broken: tuple[dict[str, str], ...] = ({"webhook_url": "http://hooks.example/T0"}, {"webhook_key": ""})
    for changed in broken:
        outcome = notify.run(delivery(tmp_path, **changed))
        assert outcome.outputs["webhook"] == "failed"
        assert "T0" not in str(outcome)
    assert notify.run(delivery(tmp_path, webhook_url="", webhook_key="")).outputs["webhook"] == "none"
