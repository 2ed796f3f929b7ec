"""What a run is told that has no role."""

from __future__ import annotations

import pytest

from goldenpath.release import access
from goldenpath.runner import Runner


@pytest.mark.parametrize(
    ("environment", "login", "words"),
    [
        ("prod", "someone", "set the secret TF_AWS_IAM_ROLE_PROD or AWS_ROLE_ARN in the repository"),
        ("", "someone", "set the secret AWS_ROLE_ARN in the repository"),
        ("dev", "dependabot[bot]", "Dependabot started this run, and GitHub gives it no secrets of Actions"),
    ],
)
def test_a_run_without_a_role_is_told_how_it_gets_one(environment: str, login: str, words: str) -> None:
    here = Runner(in_actions=True, event={"sender": {"login": login}})
    assert access._way_in(environment, here).startswith(words)  # noqa: SLF001  what the SDK's error ends in
