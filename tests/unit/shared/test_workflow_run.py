from __future__ import annotations

import pytest

from goldenpath.shared import codec
from goldenpath.shared.runner import Runner
from goldenpath.shared.workflow_run import WorkflowRun

VARIABLES = {
    "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "team/my-app", "GITHUB_RUN_ID": "123", "GITHUB_RUN_ATTEMPT": "2",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, WorkflowRun("https://github.com", "team/my-app", 123, 2)),
        ({"GITHUB_SERVER_URL": "https://git.example:8443"},
         WorkflowRun("https://git.example:8443", "team/my-app", 123, 2)),
        ({"GITHUB_RUN_ATTEMPT": ""}, WorkflowRun("https://github.com", "team/my-app", 123)),
        ({"GITHUB_ACTIONS": ""}, None),
        ({"GITHUB_RUN_ID": ""}, None),
        ({"GITHUB_RUN_ID": "a7"}, None),
        ({"GITHUB_REPOSITORY": ""}, None),
    ],
    ids=str,
)  # fmt: skip
def test_a_runner_names_its_run_and_a_machine_without_one_names_none(
    changed: dict[str, str], expected: WorkflowRun | None
) -> None:
    assert Runner.read({**VARIABLES, **changed}).workflow_run == expected


def test_the_page_of_a_run_is_that_of_its_attempt() -> None:
    run = Runner.read(VARIABLES)
    assert run.workflow_run
    assert run.workflow_run.page == f"{run.run_page}/attempts/2"
    assert Runner().run_page == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"server": "javascript:alert(1)"},
        {"server": "https://github.com/<img>"},
        {"server": "https://user:password@github.com"},
        {"server": "https://github.com\n"},
        {"repository": "team"},
        {"repository": "team/my-app/../other"},
        {"repository": "[team](https://evil.example)/a"},
        {"id": 0},
        {"id": -1},
        {"id": 10**18},
        {"attempt": 0},
    ],
    ids=str,
)
def test_what_github_would_not_name_so_is_refused_in_a_record(fields: dict[str, object]) -> None:
    record = {"server": "https://github.com", "repository": "team/my-app", "id": 1, "attempt": 1, **fields}
    with pytest.raises(ValueError, match=r"no repository on a GitHub server|greater than 0"):
        codec.decode(codec.encode(record), WorkflowRun)
