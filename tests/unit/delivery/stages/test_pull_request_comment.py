"""The comment on a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.github import pull_request
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.running import execution, gate
from goldenpath.delivery.stages import pull_request_comment
from goldenpath.shared.names import Commit
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT, report, vulnerability
from tests.unit.run_builder import run

PULL = {"pull_request": {"number": 7}}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"runner": Runner(in_actions=True)}, "no comment: this run is about no pull request"),
        ({"event": Event("pull_request", Commit(COMMIT), "refs/pull/7/merge", "o/app", fork=True)},
         "no comment: the pull request comes from a fork, whose token may not write"),
        ({"github_token": ""}, "no comment: there is no token"),
        ({}, "the comment in pull request 7 is up to date"),
    ],
    ids=["no pull request", "a fork", "no token", "all there"],
)  # fmt: skip
def test_a_comment_is_written_where_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], sentence: str
) -> None:
    spoken: list[tuple[object, ...]] = []

    def write_comment(*about: object) -> str:
        spoken.append((*about[:-1], str(about[-1]).splitlines()[:1]))
        return ""

    monkeypatch.setattr(pull_request, "write_comment", write_comment)
    options: dict[str, Any] = {"github_token": "t", "runner": Runner(in_actions=True, event=PULL)} | changed
    assert pull_request_comment.run(run(tmp_path, **options)).sentence == sentence
    if not changed:
        assert spoken == [
            ("https://api.github.com", "t", "o/app", 7, "my-app",
             ["## ❌ a1b2c3d for dev: failed; nothing was released"]),
        ]  # fmt: skip


def test_without_evidence_a_comment_only_says_where_the_verdict_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers of before pass the name of an artifact, which any job of their run may have replaced."""
    spoken: list[str] = []

    def write_comment(*about: object) -> str:
        spoken.append(f"{about[-2]}: {about[-1]}")
        return ""

    monkeypatch.setattr(pull_request, "write_comment", write_comment)
    here = Runner(in_actions=True, repository="o/app", event=PULL, run_id="7")
    made = run(tmp_path, github_token="t", runner=here)
    gate.conclude(made, report(vulnerability()), category="trivy")
    outcome = pull_request_comment.run(execution.believing(made, pull_request_comment.STAGE))
    assert outcome.warnings == (pull_request_comment.HOW_TO_SHOW_IT,)
    link = "[the summary of its run](https://github.com/o/app/actions/runs/7)"
    text = f"The verdict on a1b2c3d for dev is in {link}.\n\n{pull_request_comment.HOW_TO_SHOW_IT}\n"
    assert spoken == [f"my-app: {text}"]
