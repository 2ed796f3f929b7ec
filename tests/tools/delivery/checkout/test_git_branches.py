"""Branches of origin in real clones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.checkouts import check_out

from goldenpath.delivery.checkout import git_branches
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    from tests.tools.apps import App

from tests.tools.delivery.rules.test_reviewed_refs import on_branch

pytestmark = pytest.mark.tools


EXCEPTIONS = apps.accepted("CVE-1")


@pytest.fixture
def origin(tmp_path: Path) -> App:
    """An app's repository at GitHub, with the branches `development` and `main`, which is ahead."""
    app = apps.make(tmp_path / "origin")
    app.git("branch", "development")
    app.write("more.txt", "more\n").save("Ahead")
    return app


def test_a_branch_that_was_forced_elsewhere_is_judged_by_what_the_run_is_about(origin: App, tmp_path: Path) -> None:
    """Where the default branch may be forced, its writers decide; what was there has no later commit to be held to."""
    old = on_branch(origin, "main", EXCEPTIONS, start="main")
    on_branch(origin, "main", "version: 1\n", start="main^")
    workspace = check_out(origin, tmp_path / "workspace", "refs/heads/main", old)
    assert git_branches.tip(workspace.folder, "main") == old


@pytest.mark.parametrize("name", ["-x", "no such", "a..b", "main^", "@", "a:b", "../heads/main", "HEAD", ""])
def test_a_name_that_is_no_branch_of_origin_is_none(origin: App, tmp_path: Path, name: str) -> None:
    workspace = check_out(origin, tmp_path / "workspace", "refs/heads/main", origin.commit)
    with pytest.raises(GoldenPathError):
        git_branches.tip(workspace.folder, name)
