"""What counts as reviewed, by real git, in the workspaces that actions/checkout leaves for each kind of event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.checkouts import check_out

from goldenpath.delivery.checkout import git_branches
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.rules import effective, matrix, reviewed_refs
from goldenpath.shared import git
from goldenpath.shared.errors import NotReviewed, ToolFailed
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from tests.tools.apps import App

    from goldenpath.delivery.rules.app import AppRules

pytestmark = pytest.mark.tools

POLICY = matrix.load()
EXCEPTIONS = apps.accepted("CVE-1")


@pytest.fixture
def origin(tmp_path: Path) -> App:
    """An app's repository at GitHub, with the branches `development` and `main`, which is ahead."""
    app = apps.make(tmp_path / "origin")
    app.git("branch", "development")
    app.write("more.txt", "more\n").save("Ahead")
    return app


def commit_of(app: App, ref: str) -> Commit:
    return Commit(git.run(app.folder, "rev-parse", f"{ref}^{{commit}}"))


def on_branch(origin: App, name: str, text: str | None, *, start: str = "main") -> Commit:
    """Return a new commit on the branch `name`, whose `.goldenpath.yml` is `text`."""
    origin.git("checkout", "--quiet", "-B", name, start)
    if text is not None:
        origin.write(".goldenpath.yml", text)
    return origin.save(f"On {name}")


def event(ref: str, commit: Commit, default_branch: str = "main", *, protected: bool = False) -> Event:
    name = "pull_request" if ref.startswith("refs/pull/") else "push"
    return Event(name, commit, ref, default_branch=default_branch, ref_protected=protected)


def rules(app: App, happened: Event) -> AppRules:
    return effective.rules(POLICY, POLICY.environment("prod"), app.folder, happened)


# The template's own layout: a push to development goes to dev; a push to main and a tag go to prod.
#       default branch, protected main   development → dev   main → prod   tag on main   tag on development
LAYOUTS: dict[tuple[str, bool], tuple[bool, bool, bool, bool]] = {
    ("main", False):                     (True,             True,         True,         True),
    ("main", True):                      (True,             True,         True,         True),
    ("development", True):               (True,             True,         False,        True),
    ("development", False):              (True,             False,        False,        True),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_the_layout_of_the_template_by_default_branch_and_protection(
    origin: App, tmp_path: Path, layout: tuple[str, bool]
) -> None:
    default, protected = layout
    origin.git("tag", "v1.0.0", "main")
    origin.git("tag", "v0.9.0", "development")
    runs = (
        ("dev", "refs/heads/development"),
        ("prod", "refs/heads/main"),
        ("prod", "refs/tags/v1.0.0"),
        ("prod", "refs/tags/v0.9.0"),
    )
    found = []
    for environment, ref in runs:
        commit = commit_of(origin, ref)
        workspace = check_out(origin, tmp_path / ref, ref, commit)
        happened = event(ref, commit, default, protected=protected and ref == "refs/heads/main")
        found.append(accepted(environment, happened, workspace))
    assert tuple(found) == LAYOUTS[layout]


def accepted(environment: str, happened: Event, workspace: App) -> bool:
    """Tell whether the environment accepts the branch or tag of the run."""
    rules_ = POLICY.environment(environment)
    try:
        reviewed_refs.require_branch(rules_, happened)
        reviewed_refs.branch_of_tag(rules_, happened, workspace.folder)
    except NotReviewed:
        return False
    return True


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/heads/a/b", "refs/tags/v2.0.0", "refs/pull/7/merge"])
@pytest.mark.parametrize("merged", [True, False])
def test_exceptions_are_those_of_the_default_branch_in_every_workspace(
    origin: App, tmp_path: Path, ref: str, depth: int, *, merged: bool
) -> None:
    on_branch(origin, "main", EXCEPTIONS if merged else "version: 1\n", start="main")
    commit = on_branch(origin, "feature", EXCEPTIONS)
    origin.git("update-ref", ref, commit)
    workspace = check_out(origin, tmp_path / "workspace", ref, commit, depth=depth)
    found = rules(workspace, event(ref, commit))
    assert (len(found.exceptions), len(found.pending)) == ((1, 0) if merged else (0, 1))


def test_a_branch_that_the_checkout_lacks_is_fetched_and_without_its_origin_nothing_counts(
    origin: App, tmp_path: Path
) -> None:
    commit = on_branch(origin, "main", EXCEPTIONS, start="main")
    origin.git("tag", "v1.0.0")
    workspace = check_out(origin, tmp_path / "workspace", "refs/tags/v1.0.0", commit, depth=1)
    workspace.git("remote", "set-url", "origin", f"file://{tmp_path}/gone")
    happened = event("refs/tags/v1.0.0", commit)
    with pytest.raises(ToolFailed):
        git_branches.tip(workspace.folder, "main")
    found = rules(workspace, happened)
    assert found.exceptions == ()
    assert found.why_pending.startswith("does not count: the default branch main cannot be read (fatal: ")
    with pytest.raises(NotReviewed, match="could not be checked"):
        reviewed_refs.branch_of_tag(POLICY.environment("prod"), happened, workspace.folder)
    workspace.git("remote", "set-url", "origin", f"file://{origin.folder}")
    assert git_branches.tip(workspace.folder, "main") == commit
    assert len(rules(workspace, happened).exceptions) == 1


def test_a_branch_that_moved_on_is_judged_by_where_it_is_now(origin: App, tmp_path: Path) -> None:
    old = on_branch(origin, "main", EXCEPTIONS, start="main")
    on_branch(origin, "main", "version: 1\n", start="main")
    new = on_branch(origin, "main", None, start="main")
    workspace = check_out(origin, tmp_path / "workspace", "refs/heads/main", old)
    assert git.run(workspace.folder, "rev-parse", "refs/remotes/origin/main") == old
    assert git_branches.tip(workspace.folder, "main") == new
    assert rules(workspace, event("refs/heads/main", old)).exceptions == ()


@pytest.mark.parametrize("annotated", [True, False])
def test_a_merged_commit_may_be_tagged_whether_the_tag_has_a_message_or_not(
    origin: App, tmp_path: Path, *, annotated: bool
) -> None:
    commit = origin.commit
    origin.git("tag", *(("--annotate", "--no-sign", "--message=Release") if annotated else ()), "v1.0.0")
    on_branch(origin, "main", None, start="main")
    workspace = check_out(origin, tmp_path / "workspace", "refs/tags/v1.0.0", commit)
    assert reviewed_refs.branch_of_tag(
        POLICY.environment("prod"), event("refs/tags/v1.0.0", commit), workspace.folder
    ) == ("main")


def test_a_file_that_is_no_file_on_the_default_branch_has_no_exceptions(origin: App, tmp_path: Path) -> None:
    (origin.folder / ".goldenpath.yml").symlink_to("elsewhere")
    origin.save("A link")
    (origin.folder / ".goldenpath.yml").unlink()
    commit = on_branch(origin, "feature", EXCEPTIONS)
    workspace = check_out(origin, tmp_path / "workspace", "refs/heads/feature", commit)
    found = rules(workspace, event("refs/heads/feature", commit))
    assert (found.exceptions, len(found.notes)) == ((), 1)
