"""The push that an apply answers to, and the pull requests that it merged (docs/adr/0019-apply-on-push.md).

A push carries no trust: whoever may push chooses its commits. It only says where to look for merged pull requests. What
those may change is decided by GitHub's own record of each and by the checks of `merge_checks` and `asking`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import BadInput, PlanUnexpected
from goldenpath.registries import platform_git
from goldenpath.registries.github import records

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

    `is_new`: the branch did not exist before. `is_rewrite`: `before` is not part of it any more (a force-push).
    """

    base: str
    before: str
    after: str
    is_new: bool = False
    is_rewrite: bool = False

    @classmethod
    def read(cls, event_name: str, event: Mapping[str, Any], base: str) -> Push:
        """Return the push to `base` that `event` describes. Raises `BadInput` for any other event."""
        before, after = (str(event.get(each) or "") for each in ("before", "after"))
        ref = str(event.get("ref") or "")
        rules = (
            (event_name == "push", f"the event is {event_name!a}, not a push"),
            (ref == f"refs/heads/{base}", f"it is about {ref!a}, not refs/heads/{base}"),
            (_COMMIT.fullmatch(before) is not None, "it does not say where the branch was before"),
            (_COMMIT.fullmatch(after) is not None and after.strip("0") != "", "it names no commit"),
        )
        if mistakes := [mistake for holds, mistake in rules if not holds]:
            raise BadInput(
                "this run does not answer to a merge",
                why="; ".join(mistakes),
                fix=f"let the workflow ecr-auto-apply start it, which runs for each push to {base}",
            )
        is_new = before.strip("0") == "" or event.get("created") is True
        return cls(base, before, after, is_new, event.get("forced") is True)

    def commits(self, checkout: Path) -> tuple[str, ...]:
        """Return what the branch gained, commit by commit, the oldest first.

        A merge counts as one commit. Raises `BadInput` where history was rewritten, `PlanUnexpected` for more commits
        than can be looked up.
        """
        self.require_forward(checkout)
        gained = platform_git.first_parents(checkout, self.before, self.after)
        if len(gained) > COMMITS_AT_MOST:
            raise PlanUnexpected(
                f"the push brought {len(gained)} commits to {self.base}",
                why=f"the pull request of each is looked up at GitHub, for at most {COMMITS_AT_MOST} of them",
                fix=_AGAIN,
            )
        return gained

    def require_forward(self, checkout: Path) -> None:
        """Refuse with `BadInput` a push that made or rewrote the branch: it may bring back what was merged long ago."""
        if not self.is_new and not self.is_rewrite and platform_git.contains(checkout, self.after, self.before):
            return
        raise BadInput(
            f"the history of {self.base} was rewritten",
            why=f"the push left out {self.before}, where {self.base} was before, so the merges in it may be old ones",
            fix=f"{_AGAIN}; a ruleset for {self.base} should block force pushes and deletions",
        )


@dataclass(frozen=True)
class MergedPullRequest:
    """A merged pull request, as GitHub describes it now: `commit` merged it, `tip` is the last of its `branch`.

    `opened` is the day on which it was opened, by UTC; `title` and `body` are as they are now. `onto` is the commit of
    the base branch that GitHub compares the branch with, `commits` and `files` are what it counts.
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

        Raises `BadInput` for one that is not to be applied.
        """
        labels = [each.get("name") for each in pull.get("labels") or ()]
        into = (pull.get("base") or {}).get("ref", "")
        mistakes = [] if pull.get("merged") else ["it was not merged"]
        mistakes += [] if label in labels else [f"it is not labelled `{label}`"]
        mistakes += [] if into == base else [f"it goes into {into!a}, not {base}"]
        mistakes += [] if _comes_from(slug, pull) else ["it comes from a fork"]
        opened = _time(pull.get("created_at"))
        if not mistakes:
            mistakes += [] if pull.get("merge_commit_sha") else ["it names no merge commit"]
            mistakes += [] if pull["head"].get("sha") else ["it names no commit of its branch"]
            mistakes += [] if opened else ["it does not say when it was opened"]
            mistakes += [] if pull["base"].get("sha") else ["it names no commit of the branch that it goes into"]
            counted = all(isinstance(pull.get(each), int) for each in ("commits", "changed_files"))
            mistakes += [] if counted else ["it does not say how many commits and files it changes"]
        if mistakes or opened is None:
            raise BadInput(
                "there is no merged pull request to apply",
                why="; ".join(mistakes),
                fix=f"this command applies what a merged pull request with the label `{label}` asked for",
            )
        author = (pull.get("user") or {}).get("login", "")
        commit, tip = str(pull["merge_commit_sha"]), str(pull["head"]["sha"])
        return cls(
            int(pull["number"]), commit, tip, str(pull.get("body") or ""), author, opened.date(),
            str(pull.get("title") or ""), str(pull["head"].get("ref") or ""),
            str(pull["base"]["sha"]), pull["commits"], pull["changed_files"],
        )  # fmt: skip


def _time(when: object) -> dt.datetime | None:
    """Return a time as GitHub writes it, which is UTC; `None` when it is not one."""
    try:
        found = dt.datetime.fromisoformat(str(when))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _comes_from(slug: str, pull: Mapping[str, Any]) -> bool:
    """Return whether the branch is one of the repository `slug`: the text of a fork's pull request is anybody's."""
    # The repository of a fork that was deleted meanwhile is `null`.
    return ((pull.get("head") or {}).get("repo") or {}).get("full_name") == slug


@dataclass(frozen=True)
class MergedPullRequests:
    """The `numbers` of the pull requests to check, the first merge first, and `notes` on what is not applied."""

    numbers: tuple[int, ...]
    notes: tuple[str, ...] = ()


def merged_pulls(checkout: Path, push: Push, repository: GithubRepository, label: str) -> MergedPullRequests:
    """Return the pull requests of this repository with `label` that `push` merged.

    Raises what `Push.commits` raises, and `GithubRefused`.
    """
    commits = push.commits(checkout)
    found: dict[int, Mapping[str, Any]] = {}
    notes: list[str] = []
    waited = False
    for commit in commits:
        changed = effect_of(checkout, commit)
        # A pull request without changes has the plan of an entry reviewed that is already there.
        awaited = not waited and (changed.entries or changed.nothing)
        merged = records.merged_pull_requests(repository, commit, push.base, awaited=awaited)
        waited = waited or (awaited and not merged)
        if changed.entries and not any(_has(pull, label) for pull in merged):
            notes.append(f"The commit {commit} changes registries, but not by a pull request of the wizard. Start the "
                         "wizard for them: it has their plans reviewed and applied.")  # fmt: skip
        found |= {pull["number"]: pull for pull in merged if _has(pull, label)}
    reasons = {number: _why_not(pull, commits, repository.name) for number, pull in found.items()}
    notes += [f"Pull request #{number} {why}." for number, why in reasons.items() if why]
    return MergedPullRequests(tuple(number for number, why in reasons.items() if not why), tuple(notes))


@dataclass(frozen=True)
class CommitEffect:
    """What a commit did to its first parent: whether it touched `entries` of registries, or `nothing` at all."""

    entries: bool
    nothing: bool


def effect_of(checkout: Path, commit: str) -> CommitEffect:
    """Return what `commit` did to its first parent."""
    parents = platform_git.parents(checkout, commit)
    paths = platform_git.changed_paths(checkout, parents[0], commit) if parents else ()
    return CommitEffect(any(_ENTRIES.fullmatch(path) for path in paths), bool(parents) and not paths)


def _has(pull: Mapping[str, Any], label: str) -> bool:
    return label in [each.get("name") for each in pull.get("labels") or ()]


def _why_not(pull: Mapping[str, Any], commits: Collection[str], slug: str) -> str:
    """Return why `pull` is not looked at, in words; empty when it is."""
    if ((pull.get("head") or {}).get("repo") or {}).get("full_name") != slug:
        return "comes from a fork and is not applied"
    if pull.get("merge_commit_sha") not in commits:
        return f"was merged by {pull.get('merge_commit_sha')}, which is not in this push"
    return ""
