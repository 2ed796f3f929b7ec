"""Which event an apply answers to, and which pull requests of a push it looks at."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from goldenpath.registries import platform_git
from goldenpath.registries.github import records
from goldenpath.registries.merge.push import MergedPullRequest, MergedPullRequests, Push, merged_pulls
from goldenpath.shared import git
from goldenpath.shared.errors import BadInput, PlanUnexpected

if TYPE_CHECKING:
    from goldenpath.registries.github.repository import GithubRepository

OLD, NEW, NONE = "a" * 40, "b" * 40, "0" * 40
EVENT = {"ref": "refs/heads/development", "before": OLD, "after": NEW, "created": False, "forced": False}
PUSH = Push("development", OLD, NEW)
CHECKOUT = cast("Path", None)


class History:
    """A branch: its commits after OLD, each with what it changed, and what GitHub says of each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
        self.pulls: dict[str, list[list[dict[str, Any]]]] = {}
        self.asked: list[str] = []
        self.waited: list[float] = []
        self.name = "o/p"
        paths = {name: tuple(filter(None, [path])) for name, path in changed.items()}
        monkeypatch.setattr(git, "is_ancestor", lambda *_: True)
        monkeypatch.setattr(platform_git, "first_parents", lambda *_: tuple(changed))
        monkeypatch.setattr(platform_git, "parents", lambda *_: (OLD,))
        monkeypatch.setattr(platform_git, "changed_paths", lambda _, __, commit: paths[commit])
        monkeypatch.setattr(time, "sleep", self.waited.append)

    def get(self, path: str, _: str) -> object:
        commit = path.split("/")[1]
        self.asked.append(commit)
        answers = self.pulls.get(commit, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def merged(self) -> MergedPullRequests:
        return merged_pulls(CHECKOUT, PUSH, cast("GithubRepository", self), "ecr-registry")


def pull(number: int, commit: str, **changes: object) -> dict[str, Any]:
    told = {
        "number": number, "merged_at": "2026-11-28T08:00:00Z", "merge_commit_sha": commit,
        "base": {"ref": "development"}, "head": {"repo": {"full_name": "o/p"}}, "labels": [{"name": "ecr-registry"}],
    }  # fmt: skip
    return {**told, **changes}


def test_a_push_is_read_from_its_event() -> None:
    assert Push.read("push", EVENT, "development") == PUSH
    assert Push.read("push", {**EVENT, "before": NONE, "created": True}, "development").is_new
    assert Push.read("push", {**EVENT, "forced": True}, "development").is_rewrite


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("pull_request_target", {}, "the event is 'pull_request_target', not a push"),
        ("workflow_dispatch", {}, "the event is 'workflow_dispatch', not a push"),
        ("push", {"ref": "refs/heads/mine"}, "it is about 'refs/heads/mine', not refs/heads/development"),
        ("push", {"ref": "refs/tags/development"}, "it is about 'refs/tags/development', not refs/heads/development"),
        ("push", {"after": NONE}, "it names no commit"),
        ("push", {"after": "--output=x"}, "it names no commit"),
        ("push", {"before": "HEAD"}, "it does not say where the branch was before"),
        ("push", {"before": None}, "it does not say where the branch was before"),
    ],
)
def test_any_other_event_is_refused(name: str, change: dict[str, object], why: str) -> None:
    with pytest.raises(BadInput) as refused:
        Push.read(name, {**EVENT, **change}, "development")
    assert refused.value.why == why


@pytest.mark.parametrize("push", [Push("development", NONE, NEW, is_new=True),
                                  Push("development", OLD, NEW, is_rewrite=True)])  # fmt: skip
def test_a_push_that_made_or_rewrote_the_branch_has_no_commits(monkeypatch: pytest.MonkeyPatch, push: Push) -> None:
    History(monkeypatch, c1="x")
    with pytest.raises(BadInput, match="The history of development was rewritten"):
        push.commits(CHECKOUT)


def test_a_push_from_a_commit_that_the_branch_does_not_hold_has_no_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    History(monkeypatch, c1="x")
    monkeypatch.setattr(git, "is_ancestor", lambda *_: False)
    with pytest.raises(BadInput, match="The history of development was rewritten"):
        PUSH.commits(CHECKOUT)


def test_a_push_of_more_commits_than_can_be_looked_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    History(monkeypatch, **{f"c{number}": "x" for number in range(251)})
    with pytest.raises(PlanUnexpected, match="The push brought 251 commits to development"):
        PUSH.commits(CHECKOUT)


def test_each_pull_request_that_a_push_merged_is_found_once_in_the_order_of_the_merges(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = History(monkeypatch, c1="docs/x.md", c2="envs/dev/ecr.tf", c3="envs/prod/ecr.tf", c4="src/x.py")
    # A rebase leaves several commits of one pull request, and merges with the last of them.
    history.pulls = {"c1": [[pull(7, "c2")]], "c2": [[pull(7, "c2")]], "c3": [[pull(3, "c3")]]}
    assert history.merged() == MergedPullRequests((7, 3))
    assert (history.asked, sum(history.waited)) == (["c1", "c2", "c3", "c4"], 0)


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "a fork's": ({"head": {"repo": {"full_name": "outsider/p"}}}, "comes from a fork and is not applied"),
    "a deleted fork's": ({"head": {"repo": None}}, "comes from a fork and is not applied"),
    "of another push": ({"merge_commit_sha": "other"}, "was merged by other, which is not in this push"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_a_pull_request_that_this_push_does_not_apply_is_named(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    change, note = OTHERS[case]
    history = History(monkeypatch, c1="envs/dev/ecr.tf")
    history.pulls = {"c1": [[pull(7, "c1", **change)]]}
    assert history.merged() == MergedPullRequests((), (f"Pull request #7 {note}.",))


BY_HAND = "The commit c1 changes registries, but not by a pull request of the wizard."


@pytest.mark.parametrize("change", [{"merged_at": None}, {"base": {"ref": "main"}}, {"labels": []}])
def test_a_registry_that_changed_without_the_wizard_is_named(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    history = History(monkeypatch, c1="envs/dev/ecr.tf")
    history.pulls = {"c1": [[pull(7, "c1", **change)]]}
    (note,) = history.merged().notes
    assert note.startswith(BY_HAND)


def test_a_direct_push_is_looked_up_for_half_a_minute_in_all_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(monkeypatch, c1="envs/dev/ecr.tf", c2="envs/dev/ecr.tf", c3="docs/x.md")
    found = history.merged()
    assert (found.numbers, len(found.notes)) == ((), 2)
    assert sum(history.waited) == sum(records.PAUSES)
    assert history.asked == ["c1"] * (len(records.PAUSES) + 1) + ["c2", "c3"]


@pytest.mark.parametrize("changed", ["envs/dev/ecr.tf", ""])
def test_a_pull_request_that_github_marks_as_merged_a_moment_later_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    history = History(monkeypatch, c1=changed)
    history.pulls = {"c1": [[], [pull(7, "c1", merged_at=None)], [pull(7, "c1")]]}
    assert history.merged() == MergedPullRequests((7,))
    assert history.waited == [0, 1, 2]


def described(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    pull = {"number": 7, "merged": True, "merge_commit_sha": "a" * 40, "body": None, "labels": [{"name": "l"}],
            "base": {"ref": "development", "sha": "c" * 40}, "user": {"login": "bot"}, "commits": 1, "changed_files": 3,
            "created_at": "2026-11-20T23:59:59Z", "title": "Create it",
            "head": {"ref": "x", "sha": "b" * 40, "repo": {"full_name": "o/p"}}}  # fmt: skip
    return {**pull, **changes}


def test_a_merged_pull_request_is_read_from_its_description() -> None:
    assert MergedPullRequest.read(described(), "o/p", "l", "development") == MergedPullRequest(
        7, "a" * 40, "b" * 40, "", "bot", dt.date(2026, 11, 20), "Create it", "x", "c" * 40, 1, 3
    )


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, "it was not merged; it is not labelled `l`; it goes into '', not development; it comes from a fork"),
        (described(merged=False), "it was not merged"),
        (described(labels=None), "it is not labelled `l`"),
        (described(base={"ref": "main"}), "it goes into 'main', not development"),
        (described(merge_commit_sha=None), "it names no merge commit"),
        (described(head={"ref": "x", "repo": {"full_name": "o/p"}}), "it names no commit of its branch"),
        (described(created_at="today"), "it does not say when it was opened"),
        (described(base={"ref": "development"}), "it names no commit of the branch that it goes into"),
        (described(commits=None), "it does not say how many commits and files it changes"),
        (described(head={"ref": "x", "repo": {"full_name": "outsider/p"}}), "it comes from a fork"),
        (described(head={"ref": "x", "repo": None}), "it comes from a fork"),
    ],
)
def test_what_is_not_to_be_applied_is_refused_with_every_reason(told: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput) as refused:
        MergedPullRequest.read(told, "o/p", "l", "development")
    assert refused.value.why == why
