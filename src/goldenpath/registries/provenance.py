"""Who asked for a proposal: bound to the workflow run that made it, by what only that run and GitHub itself can say.

A commit, a branch, a description and a comment can be rewritten by everybody with write access. So a run seals what it
proposed: it leaves an artifact whose name holds the pull request, the commit and the digest of the text. Only a job of
that run can do so, and GitHub records who started each attempt of it. docs/adr/0015-who-asked.md has the reasons.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import ApprovalMissing, PlanDrifted, ProposalUnbound
from goldenpath.policy import matrix
from goldenpath.registries import platform_git
from goldenpath.registries.github import records

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.registries.github.records import RunAttempt, TextChange, TextHistory
    from goldenpath.registries.github.repository import Approval, GithubRepository
    from goldenpath.registries.merge.push import MergedPullRequest
    from goldenpath.registries.review import PlanRecord

REQUESTED_BY, RUN = "Requested-by", "Run"
WORKFLOWS = frozenset({".github/workflows/create-ecr-registry.yml", ".github/workflows/retire-ecr-registry.yml"})
# Who a pull request is opened by when a workflow opens it.
_BOT = "github-actions[bot]"
_RUN = re.compile(r"(?P<number>[1-9][0-9]{0,18})/(?P<attempt>[1-9][0-9]{0,5})")
_AGAIN = (
    "nothing was applied; run the workflow again that proposed this: it opens, or renews, the pull request (for a "
    "removal put the entry back into ecr.tf first)"
)


@dataclass(frozen=True)
class RunId:
    """One attempt of a workflow run, as a proposal names it: `47/1`."""

    number: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.number}/{self.attempt}"

    @classmethod
    def parse(cls, text: str) -> RunId:
        """Return the run that `text` names. Raises `ValueError`."""
        found = _RUN.fullmatch(text)
        if not found:
            raise ValueError(f"{text!a} is not a workflow run and its attempt (like 47/1)")
        return cls(int(found["number"]), int(found["attempt"]))


@dataclass(frozen=True)
class MergeCommits:
    """A merge in `checkout`: the branch ended at `tip`, was merged onto `before`, and gave `after`."""

    checkout: Path
    before: str
    tip: str
    after: str


def commit_message(title: str, requesters: Iterable[str], run: RunId) -> str:
    """Return the message of a proposal's commit: its `title`, everybody who started the `run`, and the run."""
    lines = [*(f"{REQUESTED_BY}: {each}" for each in requesters), f"{RUN}: {run}"]
    return f"{title}\n\n" + "\n".join(lines)


def seal_name(pull: int, commit: str, title: str, body: str) -> str:
    """Return the name of the artifact by which a run says what it proposed."""
    # Editors on the web send other line ends than programs; nothing else of a text may change.
    text = f"{title}\n\n{body}".replace("\r\n", "\n").strip()
    return f"proposal-{pull}-{commit}-{hashlib.sha256(text.encode()).hexdigest()}"


def require_requested_and_approved(
    commits: MergeCommits, repository: GithubRepository, pull: MergedPullRequest, record: PlanRecord, base: str
) -> None:
    """Refuse a pull request that is not as a run of the wizard proposed it, or that only those who asked approved.

    `base` is the branch that it was merged into, where the wizard runs. Raises `ProposalUnbound`, `PlanDrifted`,
    `ApprovalMissing`, and what git and GitHub raise.
    """
    require_branch(pull, branch_of(record.environment, record.name))
    require_newest_merge(pull, records.newest_merged(repository, pull.branch, base))
    require_single_commit(commits)
    run = run_of(commits)
    require_sealed(repository, run, pull)
    attempts = records.attempts(repository, run.number)
    require_started_by_people(attempts, run, repository.name, base)
    history = records.text_history(repository, pull.number)
    require_not_reopened(history, attempts[run.attempt - 1].started)
    if needs_second_approval(record.environment, removal=record.removal):
        signed = platform_git.trailers(commits.checkout, commits.before, commits.tip, REQUESTED_BY)
        asked = known_requesters(attempts, signed, pull, history)
        approvals = repository.approvals(pull.number, commits.tip)
        require_second_approval(second_approvers(approvals, asked, history.edits), asked, pull)


def branch_of(environment: str, name: str) -> str:
    """Return the branch on which the registry `name` is proposed: one for each name, whatever signs it holds.

    git keeps no branch `a` beside a branch `a/b`, and none whose name ends in `.lock`.
    """
    return f"registry/{environment}/{name.replace('/', '+')}{'+' if name.endswith('.lock') else ''}"


def require_branch(pull: MergedPullRequest, branch: str) -> None:
    """Refuse with `ProposalUnbound` a pull request that does not come from the registry's own `branch`."""
    if pull.branch != branch:
        raise _unbound(f"it comes from the branch {pull.branch!a}, and the wizard proposes this registry on {branch}")


def require_newest_merge(pull: MergedPullRequest, newest: int | None) -> None:
    """Refuse with `PlanDrifted` a pull request after which another one of the same registry was merged, `newest`.

    Its approval is of an earlier time: a job that is run again could else bring back what was changed since, once the
    base branch describes the registry as it was then.
    """
    if newest not in {None, pull.number}:
        raise PlanDrifted(
            "the merged pull request is not the last word on its registry",
            why=f"pull request #{newest} was merged after #{pull.number}",
            fix=f"nothing was applied; the later one is to be applied: run the job of #{newest} again, or the wizard",
        )


def require_single_commit(commits: MergeCommits) -> None:
    """Refuse with `ProposalUnbound` a merge that holds anything but the one commit of the branch.

    That commit must start from the base branch.
    """
    checkout, tip = commits.checkout, commits.tip
    start = platform_git.parents(checkout, tip)
    if len(start) != 1 or not platform_git.contains(checkout, commits.before, start[0]):
        raise _unbound(f"its branch has more than one commit beside those of the base branch (its tip is {tip})")
    if platform_git.tree(checkout, commits.after) != platform_git.merged_tree(checkout, commits.before, tip):
        raise _unbound(f"the merge {commits.after} holds something that the commit {tip} did not bring")


def run_of(commits: MergeCommits) -> RunId:
    """Return the run that the proposal names as its own. Raises `ProposalUnbound` when it does not name one."""
    named = platform_git.trailers(commits.checkout, commits.before, commits.tip, RUN)
    try:
        (only,) = named
        return RunId.parse(only)
    except ValueError:
        raise _unbound(f"the commit {commits.tip} names no workflow run that made it") from None


def require_sealed(repository: GithubRepository, run: RunId, pull: MergedPullRequest) -> None:
    """Refuse a pull request that is not as the `run` left it: another commit, another title, another description.

    Raises `ProposalUnbound`, `PlanDrifted`, `GithubRefused`.
    """
    seals = records.artifact_names(repository, run.number)
    if seal_name(pull.number, pull.tip, pull.title, pull.body) in seals:
        return
    if any(each.startswith(f"proposal-{pull.number}-{pull.tip}-") for each in seals):
        raise PlanDrifted(
            "title or description of the pull request are not those that the workflow wrote",
            why="they were edited, so what people read and approved may not be what would be applied",
            fix=_AGAIN,
        )
    raise _unbound(f"the run {run} did not propose the commit {pull.tip} as pull request #{pull.number}")


def require_started_by_people(attempts: tuple[RunAttempt, ...], run: RunId, slug: str, base: str) -> None:
    """Refuse with `ProposalUnbound` a run that is not one of the platform's own workflows, started by people.

    A workflow can be started by another one, on any branch: then GitHub knows nobody who asked.
    """
    if len(attempts) < run.attempt:
        raise _unbound(f"GitHub has no workflow run {run}")
    for each in attempts:
        wrong = [] if each.workflow in WORKFLOWS else [f"it is a run of {each.workflow}"]
        wrong += [] if each.repository == slug else [f"it is a run in {each.repository}"]
        wrong += [] if each.branch == base else [f"it ran on {each.branch}, not on {base}"]
        wrong += [] if each.event == "workflow_dispatch" else [f"it was started by the event {each.event}"]
        wrong += [f"{by.login or 'a deleted account'} started it, who is not a person"
                  for by in each.accounts if not by.is_person]  # fmt: skip
        if wrong:
            raise _unbound(f"the run {run} is none of the wizard: {'; '.join(dict.fromkeys(wrong))}")


def require_not_reopened(history: TextHistory, started: dt.datetime) -> None:
    """Refuse with `ProposalUnbound` what was closed, and opened again by somebody, after the run that proposed it."""
    later = [each.by.login or "a deleted account" for each in history.reopened if each.at >= started]
    if later:
        raise _unbound(f"{', '.join(later)} opened the pull request again after the run that proposed it")


def known_requesters(
    attempts: Iterable[RunAttempt], signed: Iterable[str], pull: MergedPullRequest, history: TextHistory
) -> frozenset[str]:
    """Return everybody who asked: who started an attempt of the run, who wrote the pull request, who edited its text.

    Logins are in lower case: GitHub's differ by more than their case, or are the same.
    """
    found = {account.login for attempt in attempts for account in attempt.accounts}
    found |= {*signed} | ({pull.author} - {_BOT})
    found |= {change.by.login for change in history.edits if change.by.is_person}
    return frozenset(login.casefold() for login in found if login)


def second_approvers(
    approvals: Iterable[Approval], asked: frozenset[str], edits: Iterable[TextChange]
) -> tuple[str, ...]:
    """Return who, not having `asked`, approved the text as it is now.

    An approval counts until the next edit. An edit after the merge ends it too: the text is read when it is applied.
    """
    times = [change.at for change in edits]
    return tuple(
        each.login
        for each in approvals
        if each.login.casefold() not in asked and not any(each.at <= when for when in times)
    )


def needs_second_approval(environment: str, *, removal: bool) -> bool:
    """Return whether a second person has to approve a change of a registry in `environment`, or its `removal`."""
    return removal or matrix.load().environment(environment).all_registries_approved


def require_second_approval(found: tuple[str, ...], asked: frozenset[str], pull: MergedPullRequest) -> None:
    """Refuse with `ApprovalMissing` a pull request that no second person approved."""
    if not found:
        raise ApprovalMissing(
            f"nobody has approved pull request #{pull.number} who did not ask for it",
            why=f"it was asked for, or edited, by {', '.join(sorted(asked))}; an approval counts at its last commit, "
            "and only while title and description stay as they were approved",
            fix="nothing was applied; have somebody else approve it who has write access, then run this job again",
        )


def _unbound(why: str) -> ProposalUnbound:
    return ProposalUnbound("the pull request is not what a run of the wizard proposed", why=why, fix=_AGAIN)
