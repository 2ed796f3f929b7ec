"""The push that starts an apply, and the pull requests that it merged (docs/adr/0019-apply-on-push.md).

A push proves nothing: whoever may push chooses its commits. It only says where to look for merged pull requests. What
those may change is decided by GitHub's own record of them, and by the checks in `merge.checks` and `provenance`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.registries import platform_git
from goldenpath.registries.github import records
from goldenpath.shared import git
from goldenpath.shared.errors import BadInput, PlanUnexpected

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from goldenpath.registries.github.repository import GithubRepository

COMMITS_AT_MOST = 250
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ENTRIES = re.compile(r"envs/[^/]+/ecr\.tf")
_AGAIN = "nothing was applied; run the wizard again for each registry that is still to be applied"


@dataclass(frozen=True)
class Push:
    """A push that moved the branch `base` from the commit `before` to `after`.

    `is_new`: the branch did not exist before. `is_rewrite`: `before` is no longer part of it (a force-push).
    """

    base: str
    before: str
    after: str
    is_new: bool = False
    is_rewrite: bool = False

    @classmethod
    def read(cls, event_name: str, event: Mapping[str, Any], base: str) -> Push:
        """Return the push to `base` that `event` describes. Raises `BadInput` for any other event."""
        before, after = (str(event.get(key) or "") for key in ("before", "after"))
        ref = str(event.get("ref") or "")
        rules = (
            (event_name == "push", f"the event is {event_name!a}, not a push"),
            (ref == f"refs/heads/{base}", f"it is about {ref!a}, not refs/heads/{base}"),
            (_COMMIT.fullmatch(before) is not None, "it does not say where the branch was before"),
            (_COMMIT.fullmatch(after) is not None and after.strip("0") != "", "it names no commit"),
        )
        if mistakes := [mistake for holds, mistake in rules if not holds]:
            raise BadInput(
                "This run was not started by a merge",
                why="; ".join(mistakes),
                fix=f"Let the workflow ecr-auto-apply start it, which runs for each push to {base}",
            )
        is_new = before.strip("0") == "" or event.get("created") is True
        return cls(base, before, after, is_new, event.get("forced") is True)

    def commits(self, checkout: Path) -> tuple[str, ...]:
        """Return the commits that the branch gained, oldest first; a merge counts as one.

        Raises `BadInput` where history was rewritten, `PlanUnexpected` for more commits than can be looked up.
        """
        self.require_forward(checkout)
        gained = platform_git.first_parents(checkout, self.before, self.after)
        # One request to GitHub per commit, and a token has 1,000 of them per hour and repository.
        if len(gained) > COMMITS_AT_MOST:
            raise PlanUnexpected(
                f"The push brought {len(gained)} commits to {self.base}",
                why=f"The pull request of each is looked up at GitHub, for at most {COMMITS_AT_MOST} of them",
                fix=_AGAIN,
            )
        return gained

    def require_forward(self, checkout: Path) -> None:
        """Refuse with `BadInput` a push that created or rewrote the branch."""
        # Such a push can bring merges of long ago into the branch, with approvals that nobody stands by any more.
        if not self.is_new and not self.is_rewrite and git.is_ancestor(checkout, self.before, self.after):
            return
        raise BadInput(
            f"The history of {self.base} was rewritten",
            why=f"The push left out {self.before}, where {self.base} was before, so the merges in it may be old ones",
            fix=f"{_AGAIN}; a ruleset for {self.base} should block force pushes and deletions",
        )


@dataclass(frozen=True)
class MergedPullRequest:
    """A merged pull request as GitHub describes it now.

    `commit` merged it, `tip` is the last commit of its `branch`, and `onto` the commit of the base branch that GitHub
    compares the branch with. `opened` is a day in UTC; `commits` and `files` are GitHub's counts.
    """

    number: int
    commit: str
    tip: str
    body: str
    author: str
    opened: dt.date
    title: str
    branch: str
    onto: str
    commits: int
    files: int

    @classmethod
    def read(cls, pull: Mapping[str, Any], slug: str, label: str, base: str) -> MergedPullRequest:
        """Return the pull request `pull` of the repository `slug`, as GitHub's REST API describes it.

        Raises `BadInput` for one that must not be applied.
        """
        head, target = pull.get("head") or {}, pull.get("base") or {}
        opened = _parse_time(pull.get("created_at"))
        rules = (
            (bool(pull.get("merged")), "it was not merged"),
            (_has_label(pull, label), f"it is not labelled `{label}`"),
            (target.get("ref", "") == base, f"it goes into {target.get('ref', '')!a}, not {base}"),
            (_comes_from(slug, pull), "it comes from a fork"),
        )
        mistakes = [mistake for holds, mistake in rules if not holds]
        mistakes = mistakes or [mistake for holds, mistake in _whole(pull, head, target, opened) if not holds]
        if mistakes or opened is None:
            raise BadInput(
                "There is no merged pull request to apply",
                why="; ".join(mistakes),
                fix=f"This command applies what a merged pull request with the label `{label}` asked for",
            )
        return cls(
            number=int(pull["number"]),
            commit=str(pull["merge_commit_sha"]),
            tip=str(head["sha"]),
            body=str(pull.get("body") or ""),
            author=(pull.get("user") or {}).get("login", ""),
            opened=opened.date(),
            title=str(pull.get("title") or ""),
            branch=str(head.get("ref") or ""),
            onto=str(target["sha"]),
            commits=pull["commits"],
            files=pull["changed_files"],
        )


@dataclass(frozen=True)
class MergedPullRequests:
    """The `numbers` of the pull requests to check, first merge first, and `notes` on what is not applied."""

    numbers: tuple[int, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CommitEffect:
    """The changes of a commit: whether it touched `entries` of registries, or `nothing` at all."""

    entries: bool
    nothing: bool


def merged_pulls(checkout: Path, push: Push, repository: GithubRepository, label: str) -> MergedPullRequests:
    """Return the pull requests of this repository with `label` that `push` merged.

    Raises the errors of `Push.commits`, and `GithubRefused`.
    """
    commits = push.commits(checkout)
    labelled: dict[int, Mapping[str, Any]] = {}
    notes: list[str] = []
    waited = False
    for commit in commits:
        effect = effect_of(checkout, commit)
        # Only a commit that may belong to the wizard is waited for, and only once per push: every push to the branch
        # starts this. An empty one may: a pull request without changes has an existing entry's plan reviewed.
        awaited = not waited and (effect.entries or effect.nothing)
        pulls = records.merged_pull_requests(repository, commit, push.base, awaited=awaited)
        waited = waited or (awaited and not pulls)
        if effect.entries and not any(_has_label(pull, label) for pull in pulls):
            notes.append(f"The commit {commit} changes registries, but not by a pull request of the wizard. Start the "
                         "wizard for them: it has their plans reviewed and applied.")  # fmt: skip
        labelled |= {pull["number"]: pull for pull in pulls if _has_label(pull, label)}
    reasons = {number: _why_not(pull, commits, repository.name) for number, pull in labelled.items()}
    notes += [f"Pull request #{number} {reason}." for number, reason in reasons.items() if reason]
    return MergedPullRequests(tuple(number for number, reason in reasons.items() if not reason), tuple(notes))


def effect_of(checkout: Path, commit: str) -> CommitEffect:
    """Return how `commit` differs from its first parent."""
    parents = platform_git.parents(checkout, commit)
    paths = platform_git.changed_paths(checkout, parents[0], commit) if parents else ()
    return CommitEffect(any(_ENTRIES.fullmatch(path) for path in paths), bool(parents) and not paths)


def _whole(
    pull: Mapping[str, Any], head: Mapping[str, Any], target: Mapping[str, Any], opened: dt.datetime | None
) -> tuple[tuple[bool, str], ...]:
    """Return the rules by which GitHub's description of a merged pull request is complete."""
    counted = all(isinstance(pull.get(key), int) for key in ("commits", "changed_files"))
    return (
        (bool(pull.get("merge_commit_sha")), "it names no merge commit"),
        (bool(head.get("sha")), "it names no commit of its branch"),
        (opened is not None, "it does not say when it was opened"),
        (bool(target.get("sha")), "it names no commit of the branch that it goes into"),
        (counted, "it does not say how many commits and files it changes"),
    )


def _has_label(pull: Mapping[str, Any], label: str) -> bool:
    return label in [item.get("name") for item in pull.get("labels") or ()]


def _comes_from(slug: str, pull: Mapping[str, Any]) -> bool:
    """Return whether the branch is in the repository `slug`: anybody can write a pull request of a fork."""
    # `repo` is null when the fork was deleted.
    return ((pull.get("head") or {}).get("repo") or {}).get("full_name") == slug


def _why_not(pull: Mapping[str, Any], commits: Collection[str], slug: str) -> str:
    """Return the reason not to look at `pull`; empty when it is looked at."""
    if not _comes_from(slug, pull):
        return "comes from a fork and is not applied"
    if pull.get("merge_commit_sha") not in commits:
        return f"was merged by {pull.get('merge_commit_sha')}, which is not in this push"
    return ""


def _parse_time(text: object) -> dt.datetime | None:
    """Return a time of GitHub's, which is in UTC; `None` when it is not one."""
    try:
        when = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)
