from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.tools import apps
from tests.tools.command import ROOT, Command

from goldenpath.delivery.adoption import staged
from goldenpath.shared import process
from goldenpath.shared.errors import GateBlocked
from goldenpath.shared.toolchain import Program, Toolchain

if TYPE_CHECKING:
    from tests.tools.apps import App

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def program() -> Program:
    return Toolchain.load().provide("gitleaks")


@pytest.fixture
def app(tmp_path: Path) -> App:
    return apps.make(tmp_path / "app", **{"config.py": "NAME = 'app'\n"})


def stage(app: App, path: str, text: str) -> None:
    (app.folder / path).write_text(text)
    app.git("add", path)


def line() -> str:
    return f'TOKEN = "{apps.secret()}"\n'


def test_a_secret_that_is_staged_is_refused_with_its_place(app: App, program: Program) -> None:
    stage(app, "config.py", line())
    with pytest.raises(GateBlocked) as refused:
        staged.require_no_secret(app.folder, program)
    assert refused.value.what == "This commit would bring a secret"
    assert refused.value.why == "CRITICAL github-pat in config.py:1. Keep it out of the commit"


def test_what_is_not_staged_does_not_matter(app: App, program: Program) -> None:
    stage(app, "config.py", "NAME = 'other'\n")
    (app.folder / "config.py").write_text(line())
    (app.folder / "untracked.py").write_text(line())
    assert staged.require_no_secret(app.folder, program).startswith("no secret in what is staged")


def test_the_staged_version_counts_and_not_the_file(app: App, program: Program) -> None:
    stage(app, "config.py", line())
    (app.folder / "config.py").write_text("NAME = 'app'\n")
    with pytest.raises(GateBlocked):
        staged.require_no_secret(app.folder, program)


def test_a_secret_that_was_committed_before_stops_no_other_commit(app: App, program: Program) -> None:
    stage(app, "old.py", line())
    app.save("Old")
    stage(app, "new.py", "NAME = 'new'\n")
    assert staged.require_no_secret(app.folder, program).startswith("no secret in what is staged")


def test_the_first_commit_of_a_repository_is_searched_too(tmp_path: Path, program: Program) -> None:
    app = apps.uncommitted(tmp_path / "first")
    stage(app, "config.py", line())
    with pytest.raises(GateBlocked):
        staged.require_no_secret(app.folder, program)


def accept(app: App) -> None:
    ends = datetime.now(UTC).date() + timedelta(days=7)
    exception = {"gate": "gitleaks", "id": "github-pat", "scope": {"path": "config.py"}, "reason": "a test's",
                 "owner": "team-web", "expires": ends}  # fmt: skip
    stage(app, ".goldenpath.yml", yaml.safe_dump({"version": 1, "exceptions": [exception]}))


def test_an_exception_of_the_app_counts(app: App, program: Program) -> None:
    stage(app, "config.py", line())
    accept(app)
    assert staged.require_no_secret(app.folder, program).startswith("no secret in what is staged")


def test_an_exception_of_the_app_counts_below_the_top_of_its_checkout_too(app: App) -> None:
    stage(app, "config.py", line())
    accept(app)
    (app.folder / "deep").mkdir()
    assert "no secret in what is staged" in Command({}).run("pre-commit", cwd=app.folder / "deep").ok().text


def test_outside_a_git_checkout_the_command_says_so(tmp_path: Path) -> None:
    done = Command({}).run("pre-commit", f"--source={tmp_path}")
    assert done.code == 5
    assert f"error[source-unusable]: {tmp_path} is not a git checkout" in done.text


def test_a_hook_of_git_stops_the_commit_of_one_file_and_lets_another_be_committed(app: App) -> None:
    hook = app.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec {ROOT}/bin/goldenpath pre-commit\n")
    hook.chmod(0o755)
    before = app.commit
    stage(app, "config.py", line())
    stage(app, "other.py", "NAME = 'other'\n")
    refused = commit(app, "config.py")
    assert refused.code != 0
    assert b"error[gate-blocked]: This commit would bring a secret" in refused.stdout + refused.stderr
    assert app.commit == before
    assert commit(app, "other.py").code == 0


def commit(app: App, path: str) -> process.Completed:
    """Commit one of the staged files: git then hands the hook an index of its own."""
    words = ("git", "-C", app.folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "x", path)
    environment = {**os.environ, "GOLDENPATH_LOCK": "dev"}
    return process.run(*words, timeout=60, environment=environment, accept=range(256))
