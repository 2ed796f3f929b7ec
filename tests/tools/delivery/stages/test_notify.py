"""The command as a job runs it: an issue at GitHub's double, and a message to the receiver of docs/notify.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doubles.github.api import GitHubDouble
from tests.tools import command, webhook_receiver
from tests.tools.command import Command

from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer
from goldenpath.local.serving import ServerThread, origin, wsgi_server

pytestmark = pytest.mark.tools
KEY, COMMIT = "0123456789abcdef0123456789abcdef", "a1b2c3d" + "0" * 33


def test_a_failed_delivery_opens_an_issue_and_the_next_release_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    double = GitHubDouble(TokenIssuer(), SarifStore())
    server = wsgi_server(double)
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "main"}}))
    here = {
        "GITHUB_ACTIONS": "true", "GITHUB_API_URL": origin(server), "GITHUB_EVENT_NAME": "push", "GITHUB_SHA": COMMIT,
        "GITHUB_EVENT_PATH": str(event), "GITHUB_REF": "refs/heads/main", "GITHUB_REPOSITORY": "octo/app",
        "GITHUB_TOKEN": double.token, "RUNNER_TEMP": str(tmp_path), "GOLDENPATH_ENVIRONMENT": "prod",
        "GOLDENPATH_ECR_REPOSITORY": "my-app", "GOLDENPATH_EVIDENCE": "{}", "WEBHOOK_KEY": KEY,
    }  # fmt: skip
    monkeypatch.setenv("DELIVERY_WEBHOOK_KEY", KEY)
    serving = ServerThread(server)
    try:
        with webhook_receiver.listening(webhook_receiver.shown()["Receiver"], tmp_path) as listening:
            more = {"WEBHOOK_URL": listening.url, "SSL_CERT_FILE": str(listening.certificate)}
            job = Command(command.surroundings(here, more))
            failed = {"GITHUB_RUN_ID": "7", "GOLDENPATH_DELIVERY_RESULT": "failure"}
            first = job.run("notify", "--verbose", more=failed).ok()
            (issue,) = double.threads.of("octo/app")
            assert (issue.title, issue.state) == ("The delivery of my-app to prod fails", "open")
            released = {"GITHUB_RUN_ID": "8", "GOLDENPATH_DELIVERY_RESULT": "success",
                        "GOLDENPATH_DELIVERY_RELEASED": "true"}  # fmt: skip
            second = job.run("notify", "--verbose", more=released).ok()
    finally:
        serving.stop()
    assert (issue.state, len(issue.comments)) == ("closed", 1)
    assert "my-app to prod: failed; #1 is opened; webhook: sent" in first.text
    assert "my-app to prod: released; #1 is closed; webhook: sent" in second.text
    assert "T0SECRET" not in first.text + second.text
    assert KEY not in first.text + second.text
    run = "https://github.com/octo/app/actions/runs"
    assert capfd.readouterr().out == f"my-app to prod: failed {run}/7\nmy-app to prod: released {run}/8\n"
