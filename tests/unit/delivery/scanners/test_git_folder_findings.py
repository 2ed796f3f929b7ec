"""Folders of git in an image as findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.image.git_folders import GitFolder
from goldenpath.delivery.image.image_files import LayerSearch
from goldenpath.delivery.scanners import git_folder_findings
from goldenpath.shared import git
from goldenpath.shared.errors import ToolFailed
from tests.unit.builders import COMMIT
from tests.unit.delivery.image.test_image_files import CLONED
from tests.unit.run_builder import run

if TYPE_CHECKING:
    import pytest


def test_each_git_folder_is_a_finding_that_always_decides() -> None:
    same = LayerSearch((GitFolder("app/.git"),), ())
    (finding,) = map(git_folder_findings.finding, git_folder_findings.merged_folders([same, same]))
    assert (finding.id, finding.location.path, finding.kind) == ("git-folder-in-image", "app/.git", "secret")
    assert finding.remedy == (
        "If the build context brings it, add .git to .dockerignore. If a RUN step clones it, end that step with "
        "`rm -rf /app/.git`: a later step leaves it in its layer."
    )


def test_a_clone_of_somebody_else_is_noted_and_the_rest_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = GitFolder("root/.nvm/.git", (CLONED.encode(),))
    token = GitFolder("app/.git", (CLONED.replace("github.com", "x@github.com").encode(),))
    monkeypatch.setattr(git, "run", lambda *_: COMMIT)
    (found,), (note,) = git_folder_findings.judged(run(tmp_path), (theirs, token))
    assert found.remedy.startswith("Its configuration seems to hold a token or a password: revoke it first.")
    assert note == (
        "root/.nvm/.git is a clone of https://github.com/nvm-sh/nvm.git: its history is in the image and was not "
        "searched for secrets. To leave it out, end the RUN step that clones it with `rm -rf /root/.nvm/.git`"
    )


def test_where_the_app_s_commits_are_unknown_every_git_folder_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> str:
        raise ToolFailed("git failed", fix="f")

    monkeypatch.setattr(git, "run", fails)
    found, notes = git_folder_findings.judged(run(tmp_path), (GitFolder("root/.nvm/.git", (CLONED.encode(),)),))
    assert (len(found), notes) == (1, ())
