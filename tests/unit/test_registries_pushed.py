"""Which event an apply answers to, and which pull requests of a push it looks at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from goldenpath.errors import BadInput, GithubRefused, PlanUnexpected
from goldenpath.registries import platform_git
from goldenpath.registries.github import records
from goldenpath.registries.merge.push import MergedPullRequests, Push, merged_pulls

if TYPE_CHECKING:
    from pathlib import Path

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
        monkeypatch.setattr(platform_git, "contains", lambda *_: True)
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
    with pytest.raises(BadInput, match="the history of development was rewritten"):
        push.commits(CHECKOUT)


def test_a_push_from_a_commit_that_the_branch_does_not_hold_has_no_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    History(monkeypatch, c1="x")
    monkeypatch.setattr(platform_git, "contains", lambda *_: False)
    with pytest.raises(BadInput, match="the history of development was rewritten"):
        PUSH.commits(CHECKOUT)


def test_a_push_of_more_commits_than_can_be_looked_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    History(monkeypatch, **{f"c{number}": "x" for number in range(251)})
    with pytest.raises(PlanUnexpected, match="the push brought 251 commits to development"):
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


def test_a_pull_request_that_github_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(monkeypatch)
    monkeypatch.setattr(history, "get", lambda *_: None)
    with pytest.raises(GithubRefused, match="could not read pull request #7 in o/p"):
        records.pull_request(cast("GithubRepository", history), 7)


def test_the_newest_merge_of_a_branch_is_known_by_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    history, asked = History(monkeypatch), list[str]()
    days = {1: "2026-11-20T08:00:00Z", 3: "2026-11-28T08:00:00Z", 2: "2026-11-28T09:00:00Z", 4: None}
    listed = [{"number": number, "merged_at": day} for number, day in days.items()]

    def get(path: str, _: str) -> object:
        asked.append(path)
        return listed

    monkeypatch.setattr(history, "get", get)
    assert records.newest_merged(cast("GithubRepository", history), "registry/dev/a+b", "development") == 2
    assert "head=o%3Aregistry%2Fdev%2Fa%2Bb&base=development" in asked[0]
    listed.clear()
    assert records.newest_merged(cast("GithubRepository", history), "registry/dev/a+b", "development") is None
