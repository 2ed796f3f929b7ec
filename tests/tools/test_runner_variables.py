"""The tests on a GitHub runner: its variables speak of the run that tests, never of the deliveries in the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests import runner_variables
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tools

SECONDS = 300
# What a run of our own `ci.yml` has, and beside it what a person may have: an account, or a hook that runs the tests.
RUNNER = {
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "token",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://oidc.invalid/?api-version=2",
    "ACTIONS_RESULTS_URL": "https://results.invalid/",
    "ACTIONS_RUNTIME_TOKEN": "token",
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTION_PATH": "/nowhere",
    "GITHUB_API_URL": "https://api.invalid",
    "GITHUB_BASE_REF": "main",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_REF_PROTECTED": "true",
    "GITHUB_REPOSITORY": "platform/goldenpath",
    "GITHUB_RUN_ID": "77",
    "GITHUB_SERVER_URL": "https://github.invalid",
    "GITHUB_SHA": "0123456789" * 4,
    "GITHUB_TOKEN": "ghs_token",
    "INPUT_ENVIRONMENT": "prod",
    "RUNNER_ARCH": "X64",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "RUNNER_OS": "Linux",
}
PERSON = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_ENDPOINT_URL": "https://aws.invalid",
    "AWS_PROFILE": "prod",
    "AWS_REGION": "eu-north-1",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "GIT_DIR": "/nowhere",
    "GOLDENPATH_ENVIRONMENT": "prod",
    "SOURCE_DATE_EPOCH": "1",
    "TF_VAR_environment": "prod",
    "TRIVY_SEVERITY": "LOW",
}
# Files that the tests must neither read nor write. The event says nothing that can be read.
FILES = ("GITHUB_ENV", "GITHUB_EVENT_PATH", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
# The command inside this process, the command in a process of its own, the emulator, git, and readers of variables.
AFFECTED = (
    "tests/tools/delivery/release/test_commands.py::test_a_stored_key_is_refused_in_a_workflow_run_and_taken_at_a_terminal",
    "tests/tools/delivery/release/test_commands.py::test_a_session_with_the_printed_push_policy_can_release",
    "tests/tools/delivery/checkout/test_checkout.py",
    "tests/unit/delivery/registry/test_ecr_client.py",
    "tests/unit/test_cli.py",
    "tests/unit/shared/test_git.py",
    "tests/unit/shared/test_runner.py",
)


def test_no_test_sees_the_runner_that_it_is_on() -> None:
    assert not runner_variables.left(os.environ)


def test_the_tests_pass_on_a_runner_and_leave_its_files_alone(tmp_path: Path) -> None:
    files = {name: tmp_path / "runner" / name for name in FILES}
    folders = {name: tmp_path / "runner" / name for name in ("GITHUB_WORKSPACE", "RUNNER_TEMP", "RUNNER_TOOL_CACHE")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for file in files.values():
        file.write_text("{")
    places = {name: str(path) for name, path in {**files, **folders}.items()}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "--no-cov", f"--basetemp={tmp_path / 'tests'}", *AFFECTED],
        env={**os.environ, **RUNNER, **PERSON, **places},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert {file.read_text() for file in files.values()} == {"{"}
    assert [each for folder in folders.values() for each in folder.iterdir()] == []
