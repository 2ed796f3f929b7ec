"""What a folder has to be before a run keeps its files in it, and which variables count in a workflow run."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from goldenpath.shared import protection, runner
from goldenpath.shared.errors import FolderUntrusted

ELSEWHERE = ("GOLDENPATH_CACHE", "GOLDENPATH_TRIVY_CACHE", "TF_CLI_CONFIG_FILE", "TF_REATTACH_PROVIDERS")


def test_a_missing_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    made = protection.private_folder(tmp_path / "new" / "folder")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert protection.private_folder(made) == made


def test_a_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(FolderUntrusted) as refused:
        protection.private_folder(tmp_path / "link")
    assert refused.value.why == "it is a symbolic link"


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUntrusted, match="File exists"):
        protection.private_folder(tmp_path / "file")


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(FolderUntrusted, match=f"users other than its owner may write to it .mode {mode:o}."):
        protection.private_folder(tmp_path / "open")


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(FolderUntrusted, match="it belongs to the user with the id"):
        protection.private_folder(tmp_path / "theirs")


@pytest.fixture
def in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    for name in ELSEWHERE:
        monkeypatch.setenv(name, str(tmp_path / "kept"))
    return tmp_path


def test_at_a_terminal_every_variable_counts(in_a_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert runner.trusts_machine()
    assert runner.cache_dir() == runner.trivy_cache_dir() == in_a_run / "kept"
    assert set(ELSEWHERE) <= set(runner.variables())
    assert "GIT_CONFIG_GLOBAL" not in runner.clean_environment()


def test_in_a_workflow_run_nothing_leads_to_what_the_machine_kept(in_a_run: Path) -> None:
    assert not runner.trusts_machine()
    assert runner.cache_dir() == in_a_run / "goldenpath-cache"
    assert runner.trivy_cache_dir() == in_a_run / "goldenpath-cache" / "trivy"
    assert not set(ELSEWHERE) & set(runner.variables())
    assert runner.clean_environment()["GIT_CONFIG_GLOBAL"] == os.devnull


def test_a_cache_that_this_user_cannot_write_to_counts_in_a_run_too(
    in_a_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_a_run / "kept" / "tools").mkdir(parents=True)
    assert runner.cache_dir() == in_a_run / "goldenpath-cache"
    writable = {in_a_run / "kept" / "tools"}
    monkeypatch.setattr(os, "access", lambda path, _mode: path in writable)
    assert runner.cache_dir() == in_a_run / "goldenpath-cache"
    writable.clear()
    assert runner.cache_dir() == in_a_run / "kept"
    assert runner.trivy_cache_dir() == in_a_run / "goldenpath-cache" / "trivy"


def test_the_work_folder_of_a_run_may_have_the_permissions_that_its_runner_gives(in_a_run: Path) -> None:
    (in_a_run / "goldenpath").mkdir()
    (in_a_run / "goldenpath").chmod(0o775)
    assert runner.default_work_dir(runner.variables()) == in_a_run / "goldenpath"
    (in_a_run / "goldenpath").chmod(0o777)
    with pytest.raises(FolderUntrusted):
        runner.default_work_dir(runner.variables())


def test_the_work_folder_of_a_terminal_is_this_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert runner.default_work_dir({}) == tmp_path / f"goldenpath-{os.getuid()}"
    (tmp_path / f"goldenpath-{os.getuid()}").chmod(0o775)
    with pytest.raises(FolderUntrusted):
        runner.default_work_dir({})
