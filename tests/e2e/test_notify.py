"""Who does not look at Actions hears of prod: the issue of a delivery that was blocked, and a message to a webhook.

act runs no job after a called workflow that failed. So in the run that is blocked the gate is a job of the caller; the
job that reports it is that of the template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import events, platform_copy
from tests.e2e.delivery_runs import CALLER
from tests.e2e.outcomes import ALL_RAN, assert_released, roles_assumed, uploaded
from tests.tools import webhook_receiver
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.local import LocalWithGitHub
    from tests.e2e.delivery_runs import Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

KEY = "0123456789abcdef0123456789abcdef"
REPORTED = (platform_copy.TEMPLATES / "delivery-notify.yml").read_text()
BLOCKED = ".github/workflows/blocked.yml"
GATE = """\
jobs:
  delivery:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    outputs:
      verdict: ${{{{ steps.gate.outputs.verdict }}}}
      reports_artifact_id: ${{{{ steps.reports.outputs.artifact-id }}}}
      evidence: ${{{{ steps.gate.outputs.evidence }}}}
    steps:
      - uses: {checkout}
        with: {{fetch-depth: 0}}
      - id: gate
        uses: {platform}/actions/gitleaks-gate@main
        with: {{environment: prod}}
      - id: reports
        if: always()
        uses: {upload}
        with: {{name: reports, path: '${{{{ runner.temp }}}}/goldenpath'}}
  notify:
"""


def blocked() -> str:
    """Return the template with a gate in the place of the delivery."""
    pins = {name.partition("@")[0]: name for name in platform_copy.repositories(ROOT)}
    gate = GATE.format(
        platform=platform_copy.SLUG, checkout=pins["actions/checkout"], upload=pins["actions/upload-artifact"]
    )
    return REPORTED[: REPORTED.index("jobs:\n")] + gate + REPORTED.partition("\n  notify:\n")[2]


def test_a_block_opens_one_issue_and_the_release_to_prod_closes_it_and_both_are_messages(
    deliver: Deliver,
    emulator: LocalWithGitHub,
    app: App,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DELIVERY_WEBHOOK_KEY", KEY)  # of the receiver, which refuses another signature
    app.write(CALLER, REPORTED).write(BLOCKED, blocked()).save("Report deliveries")
    token = app.plant_secret()
    with webhook_receiver.listening(webhook_receiver.shown()["Receiver"], tmp_path) as receiver:
        secrets = {"DELIVERY_WEBHOOK_URL": receiver.url, "DELIVERY_WEBHOOK_KEY": KEY}
        first = deliver(events.push(app, "main"), BLOCKED, more_secrets=secrets, certificate=receiver.certificate)
        assert first.jobs == {"delivery": "failure", "notify": "success"}, first.story
        (issue,) = emulator.threads.of(app.slug)
        assert (issue.title, issue.state) == ("The delivery of my-app to prod is blocked", "open")
        assert "### Findings to fix" in issue.body
        assert "config.py" in issue.body
        assert token not in issue.body
        app.git("reset", "--quiet", "--hard", "HEAD~1")
        second = deliver(events.push(app, "main"), more_secrets=secrets, certificate=receiver.certificate)
    assert (second.code, second.jobs) == (0, ALL_RAN | {"notify": "success"}), second.story
    assert [second.outputs("notify")[name] for name in ("webhook", "issue")] == [
        "sent",
        first.outputs("notify")["issue"],
    ]
    (closed,) = emulator.threads.of(app.slug)
    assert (closed.state, len(closed.comments)) == ("closed", 1)
    heard = [
        line.partition(" http")[0] for line in capfd.readouterr().out.splitlines() if line.startswith("my-app to ")
    ]
    assert heard[1:] == ["my-app to prod: released"]
    assert heard[0].startswith("my-app to prod: blocked, 1 to fix. ")
    assert_released(second, emulator, app.commit[:7], f"prod-{app.commit[:7]}")
    assert roles_assumed(emulator) == {"deliver-prod"}
    assert uploaded(emulator) == [
        ("gitleaks", "gitleaks", "refs/heads/main", app.commit),
        ("trivy", "trivy/my-app", "refs/heads/main", app.commit),
    ]
