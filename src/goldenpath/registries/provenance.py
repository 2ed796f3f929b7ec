"""Where a proposal comes from, who asked for it, and who approved it: checked before anything is applied.

Everybody with write access can rewrite a commit, a branch, a description and a comment. So a run of the wizard seals
its proposal: it uploads an artifact whose name holds the pull request, the commit and a digest of the text. Only a job
of that run can do so, and GitHub records who started every attempt of it. Reasons: docs/adr/0015-who-asked.md.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.policy import environments
from goldenpath.registries import platform_git
from goldenpath.registries.github import records
from goldenpath.shared import git
from goldenpath.shared.errors import ApprovalMissing, PlanDrifted, ProposalUnbound

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
# The author of a pull request that a workflow opens.
_BOT = "github-actions[bot]"
_RUN = re.compile(r"(?P<number>[1-9][0-9]{0,18})/(?P<attempt>[1-9][0-9]{0,5})")
_AGAIN = (
    "nothing was applied; run the workflow again that proposed this: it opens, or renews, the pull request (for a "
    "removal put the entry back into ecr.tf first)"
)


@dataclass(frozen=True)
class RunId:
    """One attempt of a workflow run, written as `47/1`."""

    number: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.number}/{self.attempt}"

    @classmethod
    def parse(cls, text: str) -> RunId:
        """Return the run that `text` names. Raises `ValueError`."""
        match = _RUN.fullmatch(text)
        if not match:
            raise ValueError(f"{text!a} is not a workflow run and its attempt (like 47/1)")
        return cls(int(match["number"]), int(match["attempt"]))


@dataclass(frozen=True)
class MergeCommits:
    """A merge in `checkout`: a branch with the commit `tip` was merged onto `before`, with the result `after`."""

    checkout: Path
    before: str
    tip: str
    after: str


def commit_message(title: str, requesters: Iterable[str], run: RunId) -> str:
    """Return the message of a proposal's commit: `title`, and trailers for the requesters and the `run`."""
    trailers = [*(f"{REQUESTED_BY}: {login}" for login in requesters), f"{RUN}: {run}"]
    return f"{title}\n\n" + "\n".join(trailers)


def seal_name(pull: int, commit: str, title: str, body: str) -> str:
    """Return the name of the artifact by which a run proves what it proposed."""
    # The name says everything, so that the apply lists artifacts and downloads none. GitHub's editor sends CRLF where a
    # program sends LF; any other change of the text must break the seal.
    text = f"{title}\n\n{body}".replace("\r\n", "\n").strip()
    return f"proposal-{pull}-{commit}-{hashlib.sha256(text.encode()).hexdigest()}"


def require_requested_and_approved(
    commits: MergeCommits, repository: GithubRepository, pull: MergedPullRequest, record: PlanRecord, base: str
) -> None:
    """Refuse a pull request that a run of the wizard did not propose as it is, or that no second person approved.

    `base` is the branch that it was merged into. Raises `ProposalUnbound`, `PlanDrifted`, `ApprovalMissing`, and the
    errors of git and GitHub.
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
        requesters = known_requesters(attempts, signed, pull, history)
        approvals = repository.approvals(pull.number, commits.tip)
        require_second_approval(second_approvers(approvals, requesters, history.edits), requesters, pull)


def branch_of(environment: str, name: str) -> str:
    """Return the branch on which the registry `name` is proposed; two names never share one."""
    # git keeps no branch `a` beside a branch `a/b`, and none whose name ends in `.lock`. No ECR name has a `+`.
    return f"registry/{environment}/{name.replace('/', '+')}{'+' if name.endswith('.lock') else ''}"


def require_branch(pull: MergedPullRequest, branch: str) -> None:
    """Refuse with `ProposalUnbound` a pull request that does not come from the registry's own `branch`."""
    if pull.branch != branch:
        raise _unbound(f"it comes from the branch {pull.branch!a}, and the wizard proposes this registry on {branch}")


def require_newest_merge(pull: MergedPullRequest, newest: int | None) -> None:
    """Refuse with `PlanDrifted` a pull request if a later one of the same registry, `newest`, was merged."""
    # A job can be run again for months. Once the base branch describes the registry as it was back then, every other
    # check would pass, and an approval of that time would undo the later change (ADR 0019).
    if newest not in {None, pull.number}:
        raise PlanDrifted(
            "The merged pull request is not the last word on its registry",
            why=f"Pull request #{newest} was merged after #{pull.number}",
            fix=f"Nothing was applied; the later one is to be applied: run the job of #{newest} again, or the wizard",
        )


def require_single_commit(commits: MergeCommits) -> None:
    """Refuse with `ProposalUnbound` a merge of anything but one commit on top of the base branch."""
    checkout, tip = commits.checkout, commits.tip
    start = platform_git.parents(checkout, tip)
    if len(start) != 1 or not git.is_ancestor(checkout, start[0], commits.before):
        raise _unbound(f"its branch has more than one commit beside those of the base branch (its tip is {tip})")
    # Trees, not diffs: whoever merges by hand can put more into a merge commit than its parents have. Comparing with
    # the merge that git computes covers merge, squash and rebase alike.
    if platform_git.tree(checkout, commits.after) != platform_git.merged_tree(checkout, commits.before, tip):
        raise _unbound(f"the merge {commits.after} holds something that the commit {tip} did not bring")


def run_of(commits: MergeCommits) -> RunId:
    """Return the run in the trailer of the proposal's commit. Raises `ProposalUnbound` without exactly one."""
    trailers = platform_git.trailers(commits.checkout, commits.before, commits.tip, RUN)
    try:
        (only,) = trailers
        return RunId.parse(only)
    except ValueError:
        raise _unbound(f"the commit {commits.tip} names no workflow run that made it") from None


def require_sealed(repository: GithubRepository, run: RunId, pull: MergedPullRequest) -> None:
    """Refuse a pull request whose commit, title or description is not as the `run` left it.

    Raises `ProposalUnbound`, `PlanDrifted`, `GithubRefused`.
    """
    # The trailer that names the run is only a claim: a requester can write any. The seal proves it.
    seals = records.artifact_names(repository, run.number)
    if seal_name(pull.number, pull.tip, pull.title, pull.body) in seals:
        return
    if any(name.startswith(f"proposal-{pull.number}-{pull.tip}-") for name in seals):
        raise PlanDrifted(
            "Title or description of the pull request are not those that the workflow wrote",
            why="They were edited, so what people read and approved may not be what would be applied",
            fix=_AGAIN,
        )
    raise _unbound(f"the run {run} did not propose the commit {pull.tip} as pull request #{pull.number}")


def require_started_by_people(attempts: tuple[RunAttempt, ...], run: RunId, slug: str, base: str) -> None:
    """Refuse with `ProposalUnbound` a run that is not one of the platform's own workflows, started by people.

    `slug` is the platform's repository, `base` the branch on which its workflows run.
    """
    # A workflow on any branch can start the wizard with its own token, and anybody with write access can push such a
    # workflow: GitHub then records the bot, and nobody knows who asked.
    if len(attempts) < run.attempt:
        raise _unbound(f"GitHub has no workflow run {run}")
    for attempt in attempts:
        wrong = [] if attempt.workflow in WORKFLOWS else [f"it is a run of {attempt.workflow}"]
        wrong += [] if attempt.repository == slug else [f"it is a run in {attempt.repository}"]
        wrong += [] if attempt.branch == base else [f"it ran on {attempt.branch}, not on {base}"]
        wrong += [] if attempt.event == "workflow_dispatch" else [f"it was started by the event {attempt.event}"]
        wrong += [f"{account.login or 'a deleted account'} started it, who is not a person"
                  for account in attempt.accounts if not account.is_person]  # fmt: skip
        if wrong:
            raise _unbound(f"the run {run} is none of the wizard: {'; '.join(dict.fromkeys(wrong))}")


def require_not_reopened(history: TextHistory, started: dt.datetime) -> None:
    """Refuse with `ProposalUnbound` a pull request that was reopened after the run that proposed it `started`."""
    # Closing withdraws a proposal; reopening would bring it back with its old approvals, and nobody asked for that.
    later = [event.by.login or "a deleted account" for event in history.reopened if event.at >= started]
    if later:
        raise _unbound(f"{', '.join(later)} opened the pull request again after the run that proposed it")


def known_requesters(
    attempts: Iterable[RunAttempt], signed: Iterable[str], pull: MergedPullRequest, history: TextHistory
) -> frozenset[str]:
    """Return the logins, in lower case, of everybody whose own approval does not count.

    Those are the people who started an attempt of the run, opened the pull request, or edited its text, and the
    requesters that the commit names (`signed`).
    """
    logins = {account.login for attempt in attempts for account in attempt.accounts}
    logins |= {*signed} | ({pull.author} - {_BOT})
    logins |= {change.by.login for change in history.edits if change.by.is_person}
    # GitHub's logins are unique without regard to case.
    return frozenset(login.casefold() for login in logins if login)


def second_approvers(
    approvals: Iterable[Approval], requesters: frozenset[str], edits: Iterable[TextChange]
) -> tuple[str, ...]:
    """Return the logins of those who are no requesters and approved the text as it is now."""
    # An approval ends with any later edit, also one after the merge: the text is read at the apply. Else a text could
    # be approved, be another one until the merge, and be put back (ADR 0019).
    times = [change.at for change in edits]
    return tuple(
        approval.login
        for approval in approvals
        if approval.login.casefold() not in requesters and not any(approval.at <= when for when in times)
    )


def needs_second_approval(environment: str, *, removal: bool) -> bool:
    """Return whether a second person has to approve a change of a registry in `environment`, or its `removal`."""
    exempt = {rules.environment for rules in environments.registry_rules() if not rules.all_changes_approved}
    return removal or environment not in exempt


def require_second_approval(approvers: tuple[str, ...], requesters: frozenset[str], pull: MergedPullRequest) -> None:
    """Refuse with `ApprovalMissing` a pull request without `approvers`."""
    if not approvers:
        raise ApprovalMissing(
            f"Nobody has approved pull request #{pull.number} who did not ask for it",
            why=f"It was asked for, or edited, by {', '.join(sorted(requesters))}; an approval counts at its last "
            "commit, and only while title and description stay as they were approved",
            fix="Nothing was applied; have somebody else approve it who has write access, then run this job again",
        )


def _unbound(why: str) -> ProposalUnbound:
    return ProposalUnbound("The pull request is not what a run of the wizard proposed", why=why, fix=_AGAIN)
