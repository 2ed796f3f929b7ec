"""Who asked for a proposal, and who is a second person: decided from what GitHub records."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from goldenpath.registries import provenance
from goldenpath.registries.github.records import Account, RunAttempt, TextChange, TextHistory
from goldenpath.registries.github.repository import Approval
from goldenpath.registries.merge.push import MergedPullRequest
from goldenpath.registries.provenance import RunId
from goldenpath.shared.errors import ApprovalMissing, PlanDrifted, ProposalUnbound

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
ALICE, BOB, BOT = Account("Alice", is_person=True), Account("bob", is_person=True), Account("app[bot]", is_person=False)
RUN = RunId(47, 1)
CREATE = ".github/workflows/create-ecr-registry.yml"
ATTEMPT = RunAttempt(CREATE, "o/p", "development", "workflow_dispatch", NOON, (ALICE, ALICE))
PULL = MergedPullRequest(
    7, "a" * 40, "b" * 40, "text", "github-actions[bot]", NOON.date(), "title", "registry/dev/x", "c" * 40, 1, 3
)  # fmt: skip
NOTHING = TextHistory((), ())


def minutes(count: int) -> dt.datetime:
    return NOON + dt.timedelta(minutes=count)


@pytest.mark.parametrize("text", ["", "47", "47/", "/1", "047/1", "47/0", "47/1/1", "47/1\n", "x/1"])
def test_a_run_is_named_by_its_number_and_attempt(text: str) -> None:
    assert RunId.parse("47/1") == RUN
    with pytest.raises(ValueError, match="is not a workflow run and its attempt"):
        RunId.parse(text)


def test_a_commit_says_who_asked_and_by_which_run() -> None:
    told = "Create it\n\nRequested-by: alice\nRequested-by: bob\nRun: 47/1"
    assert provenance.commit_message("Create it", ("alice", "bob"), RUN) == told


def test_a_seal_is_one_of_a_commit_and_a_text_in_a_pull_request_whatever_its_line_ends() -> None:
    seal = provenance.seal_name(7, "a" * 40, "Title", "one\ntwo\n")
    assert seal == provenance.seal_name(7, "a" * 40, "Title", "one\r\ntwo")
    others = [(8, "a" * 40, "Title", "one\ntwo"), (7, "b" * 40, "Title", "one\ntwo"),
              (7, "a" * 40, "title", "one\ntwo"), (7, "a" * 40, "Title", "one\ntwo.")]  # fmt: skip
    assert seal not in {provenance.seal_name(*each) for each in others}
    assert not set(seal) & set('":<>|*?\r\n\\/')  # what no artifact may be called


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"workflow": ".github/workflows/mine.yml"}, "it is a run of .github/workflows/mine.yml"),
        ({"repository": "mallory/p"}, "it is a run in mallory/p"),
        ({"branch": "mine"}, "it ran on mine, not on development"),
        ({"event": "push"}, "it was started by the event push"),
        ({"accounts": (ALICE, BOT)}, "app[bot] started it, who is not a person"),
        ({"accounts": (ALICE, Account("", is_person=False))}, "a deleted account started it, who is not a person"),
    ],
)
def test_a_run_that_is_none_of_the_wizard_or_that_no_person_started_is_refused(
    change: dict[str, object], why: str
) -> None:
    provenance.require_started_by_people((ATTEMPT,), RUN, "o/p", "development")
    other = dataclasses.replace(ATTEMPT, **change)  # type: ignore[arg-type]
    for attempts in ((other,), (ATTEMPT, other)):
        with pytest.raises(ProposalUnbound) as refused:
            provenance.require_started_by_people(attempts, RUN, "o/p", "development")
        assert refused.value.why == f"the run 47/1 is none of the wizard: {why}"


def test_a_run_that_github_does_not_have_is_refused() -> None:
    for attempts in ((), (ATTEMPT,)):
        with pytest.raises(ProposalUnbound, match="GitHub has no workflow run 47/2"):
            provenance.require_started_by_people(attempts, RunId(47, 2), "o/p", "development")


def test_everybody_who_started_a_run_wrote_the_pull_request_or_edited_it_has_asked() -> None:
    again = dataclasses.replace(ATTEMPT, accounts=(ALICE, BOB))
    history = TextHistory((TextChange(Account("Eve", is_person=True), minutes(-1)), TextChange(BOT, minutes(-1)),
                           TextChange(Account("late", is_person=True), minutes(1))), ())  # fmt: skip
    everybody = {"alice", "bob", "carol", "eve", "late"}
    assert provenance.known_requesters((ATTEMPT, again), ("carol",), PULL, history) == everybody
    written = dataclasses.replace(PULL, author="Dave")
    assert provenance.known_requesters((ATTEMPT,), (), written, NOTHING) == {"alice", "dave"}


@pytest.mark.parametrize(
    ("approved", "edited", "counts"),
    [
        (-2, (), True),
        (2, (), True),  # after the merge: the job is run again then
        (-2, (-3,), True),
        (-2, (-1,), False),
        (-2, (-2,), False),
        (-2, (1,), False),  # put back after the merge, in time for the apply
        (2, (1,), True),  # who approves then sees what is applied
        (2, (3,), False),
        (2, (-1,), True),
    ],
)
def test_an_approval_counts_until_the_next_edit(approved: int, edited: tuple[int, ...], *, counts: bool) -> None:
    edits = [TextChange(BOT, minutes(each)) for each in edited]
    found = provenance.second_approvers([Approval("Bob", minutes(approved))], frozenset({"alice"}), edits)
    assert found == (("Bob",) if counts else ())


def test_who_asked_is_no_second_person_however_the_login_is_written() -> None:
    asked = frozenset({"alice"})
    found = provenance.second_approvers([Approval("ALICE", NOON)], asked, ())
    assert found == ()
    with pytest.raises(ApprovalMissing, match="Nobody has approved pull request #7 who did not ask for it"):
        provenance.require_second_approval(found, asked, PULL)
    provenance.require_second_approval(("bob",), asked, PULL)


def test_only_the_newest_merge_of_a_registry_counts() -> None:
    for newest in (None, PULL.number):
        provenance.require_newest_merge(PULL, newest)
    with pytest.raises(PlanDrifted, match="is not the last word on its registry") as refused:
        provenance.require_newest_merge(PULL, 8)
    assert refused.value.why == "Pull request #8 was merged after #7"


def test_what_was_opened_again_after_its_run_is_refused() -> None:
    provenance.require_not_reopened(TextHistory((), (TextChange(BOB, minutes(-1)),)), NOON)
    with pytest.raises(ProposalUnbound, match="bob opened the pull request again after the run that proposed it"):
        provenance.require_not_reopened(TextHistory((), (TextChange(BOB, minutes(1)),)), NOON)
