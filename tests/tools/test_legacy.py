"""`scripts/ecr-build-push.sh` for those who have it in their fingers, on a real engine and a real registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "ecr-build-push.sh"
NOTICE = "warning: ecr-build-push.sh is deprecated, for local development only, and scans nothing"


@pytest.fixture
def script(goldenpath: Command, emulator: Local) -> Command:
    """The script, logged in as a developer."""
    variables = {
        **goldenpath.variables, "AWS_ACCESS_KEY_ID": emulator.admin.id, "AWS_SECRET_ACCESS_KEY": emulator.admin.secret,
        "GOLDENPATH_LOCK": "dev",
    }  # fmt: skip
    return replace(goldenpath, words=(str(SCRIPT),), variables=variables)


def words(emulator: Local, repository: str) -> tuple[str, ...]:
    return (
        f"--registry={emulator.registry_host}", f"--name={repository}", "--sha=0123abc", "--version=1.4.2",
        "--region=eu-west-2",
    )  # fmt: skip


def test_it_builds_and_pushes_both_tags_and_says_that_it_is_deprecated(
    script: Command, emulator: Local, app: App, repository: str
) -> None:
    done = script.run(*words(emulator, repository), cwd=app.folder).ok()
    assert NOTICE in done.text
    tags = emulator.tags(repository)
    assert (set(tags), len(set(tags.values()))) == ({"0123abc", "1.4.2"}, 1)


def test_it_refuses_to_run_in_ci(script: Command, emulator: Local, app: App, repository: str) -> None:
    done = script.run(*words(emulator, repository), cwd=app.folder, more={"GITHUB_ACTIONS": "true"})
    assert (done.code, emulator.tags(repository)) == (2, {})
    assert "error[bad-input]: this script does not run in CI" in done.text


def test_it_refuses_another_registry(script: Command, emulator: Local, app: App, repository: str) -> None:
    done = script.run("--registry=elsewhere", *words(emulator, repository)[1:], cwd=app.folder)
    assert (done.code, emulator.tags(repository)) == (2, {})
    expected = f"the repository is {emulator.registry_host}/{repository}, and not elsewhere/{repository}"
    assert done.error["what"] == expected


def test_its_help_names_every_option(script: Command) -> None:
    text = script.run("--help").ok().text
    assert all(option in text for option in ("--registry", "--name", "--sha", "--version", "--region"))
    assert "Deprecated" in text
