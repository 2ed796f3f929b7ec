"""What counts as reviewed: exceptions by event and by what the default branch has; branches and tags by environment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as changed

from goldenpath.delivery.checkout import git_branches
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.verdict import Mode, Verdict
from goldenpath.delivery.rules import effective, reviewed_refs
from goldenpath.delivery.rules.decision import decide
from goldenpath.shared import git
from goldenpath.shared.errors import NotReviewed, SourceUnusable, ToolFailed, ToolTimeout
from goldenpath.shared.names import Commit
from tests.unit import policy_table
from tests.unit.builders import COMMIT, report

if TYPE_CHECKING:
    from goldenpath.delivery.rules.app import AppRules

TIP, ANCIENT = Commit("b" * 40), Commit("c" * 40)
EXCEPTION = (
    "{gate: trivy, id: CVE-2020-14343, scope: {package: pyyaml}, reason: only our own files are read, "
    "owner: team-web, expires: 2026-12-31}"
)
WITH, WITHOUT = f"version: 1\nexceptions:\n  - {EXCEPTION}\n", "version: 1\n"
NOWHERE = Path("/nowhere")
POLICY = policy_table.POLICY


@dataclass
class Clone:
    """A clone in which the run's commit and the tip of the default branch have these rules."""

    here: str | None = WITH
    there: str | None = WITH
    branches: dict[str, Commit] = field(default_factory=lambda: {"trunk": TIP})
    merged: bool = True
    trouble: Exception | None = None

    def place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = {Commit(COMMIT): self.here, TIP: self.there}
        monkeypatch.setattr(effective, "app_file", lambda _, commit: texts[commit])
        monkeypatch.setattr(git_branches, "tip", self.tip)
        monkeypatch.setattr(git, "is_ancestor", lambda _, one, other: self.merged and (one, other) == (COMMIT, TIP))

    def tip(self, _: Path, branch: str) -> Commit:
        if self.trouble:
            raise self.trouble
        if branch not in self.branches:
            raise ToolFailed("git ended with exit status 128", why="couldn't find\nremote ref", fix="f")
        return self.branches[branch]


def event(
    name: str = "push", ref: str = "refs/heads/trunk", *, branch: str = "trunk", protected: bool = False
) -> Event:
    return Event(name, Commit(COMMIT), ref, default_branch=branch, ref_protected=protected)


def rules(happened: Event, environment: str = "prod") -> AppRules:
    return effective.rules(POLICY, POLICY.environment(environment), NOWHERE, happened)


EVENTS = {
    "a push to the default branch": event(),
    "a push to another branch": event(ref="refs/heads/feature"),
    "a push of a tag": event(ref="refs/tags/v1.2.3"),
    "a dispatch": event("workflow_dispatch", "refs/heads/feature"),
    "a dispatch on a tag": event("workflow_dispatch", "refs/tags/v1.2.3"),
    "a release": event("release", "refs/tags/v1.2.3"),
    "a schedule": event("schedule"),
    "a dispatch of a repository": event("repository_dispatch"),
    "a pull request": event("pull_request", "refs/pull/1/merge"),
    "a pull request into another branch": event("pull_request_target", "refs/heads/other"),
    "a review": event("pull_request_review", "refs/pull/1/merge"),
    "a merge queue": event("merge_group", "refs/heads/gh-readonly-queue/trunk/pr-1"),
    "an event of the future": event("moonrise", "refs/heads/trunk"),
    "an event without a name": event(""),
}


@pytest.mark.parametrize("environment", ["dev", "test", "staging", "prod"])
@pytest.mark.parametrize("name", EVENTS)
def test_in_a_workflow_run_an_exception_counts_only_if_the_default_branch_has_it(
    monkeypatch: pytest.MonkeyPatch, name: str, environment: str
) -> None:
    Clone().place(monkeypatch)
    assert (len(rules(EVENTS[name], environment).exceptions), rules(EVENTS[name]).pending) == (1, ())
    Clone(there=WITHOUT).place(monkeypatch)
    found = rules(EVENTS[name], environment)
    assert (found.exceptions, len(found.pending)) == ((), 1)
    proposed = EVENTS[name].is_pull_request
    assert found.why_pending == (
        "is not on the default branch trunk "
        + ("yet and counts only once merged" if proposed else "and counts only there")
    )
    Clone(there=None).place(monkeypatch)
    assert rules(EVENTS[name], environment).exceptions == ()


def test_an_exception_that_only_the_default_branch_has_lets_nothing_through_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Clone(here=None).place(monkeypatch)
    assert (rules(event()).exceptions, rules(event()).pending) == ((), ())


def test_at_a_terminal_the_commit_s_own_exceptions_count_and_the_verdict_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Clone(there=WITHOUT, trouble=AssertionError("nobody is asked")).place(monkeypatch)
    found = rules(event("terminal", "HEAD", branch=""))
    assert (len(found.exceptions), found.pending) == (1, ())
    (note,) = found.notes
    assert note.startswith("the exceptions in this commit's .goldenpath.yml count here without a review")
    Clone(here=WITHOUT).place(monkeypatch)
    assert rules(event("terminal", "HEAD", branch="")).notes == ()


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_is_stricter_counts_at_once_wherever_it_stands(monkeypatch: pytest.MonkeyPatch, environment: str) -> None:
    stricter = "version: 1\ntighten: {dev: {gitleaks: {mode: blocking}}}\n"
    for clone in (Clone(here=stricter, there=None), Clone(here=None, there=stricter)):
        clone.place(monkeypatch)
        assert [each["dev"] for each in rules(event(), environment).tighten if each] == [
            {"gitleaks": {"mode": "blocking"}}
        ]


@pytest.mark.parametrize(
    "trouble",
    [
        ToolFailed("git ended", why="could not read from\nremote repository", fix="f"),
        ToolTimeout("git did not end within 120 seconds", fix="f"),
        SourceUnusable("it cannot be read", why="could not read", fix="f"),
    ],
)
def test_where_the_default_branch_cannot_be_read_no_exception_counts_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, trouble: ToolFailed | ToolTimeout | SourceUnusable
) -> None:
    Clone(trouble=trouble).place(monkeypatch)
    found = rules(event())
    assert (found.exceptions, len(found.pending)) == ((), 1)
    why = " ".join((trouble.why or trouble.what).split())
    assert found.why_pending == f"does not count: the default branch trunk cannot be read ({why})"


def test_a_file_on_the_default_branch_that_is_not_valid_stops_nobody_and_lets_nothing_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Clone(there="version: 1\nexceptions: all\n").place(monkeypatch)
    found = rules(event())
    assert (found.exceptions, len(found.pending)) == ((), 1)
    assert found.notes[0].startswith(".goldenpath.yml on the default branch trunk is not valid, so its rules do not")


@pytest.mark.parametrize(("environment", "refused"), [("dev", False), ("test", True), ("prod", True)])
def test_where_the_default_branch_is_not_known_a_blocking_environment_refuses_and_an_advisory_one_tells(
    monkeypatch: pytest.MonkeyPatch, environment: str, *, refused: bool
) -> None:
    Clone(trouble=AssertionError("nobody is asked")).place(monkeypatch)
    if refused:
        with pytest.raises(NotReviewed, match="The event `push` of this workflow run has no"):
            rules(event(branch=""), environment)
        return
    found = rules(event(branch=""), environment)
    assert found.why_pending == "does not count: the event of this run names no default branch"


def test_an_environment_that_the_app_or_the_run_made_blocking_refuses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    Clone(here="version: 1\ntighten: {dev: {trivy: {mode: blocking}}}\n").place(monkeypatch)
    with pytest.raises(NotReviewed):
        rules(event(branch=""), "dev")
    Clone(here=None).place(monkeypatch)
    dev = POLICY.environment("dev")
    with pytest.raises(NotReviewed):
        effective.rules(POLICY, replace(dev, modes=dict.fromkeys(dev.modes, Mode.BLOCKING)), NOWHERE, event(branch=""))


# How the template's own layout behaves: pushes to development (dev), to main and of tags (prod), dispatches.
#       default branch, ref, protected                                       dev    test   prod
LAYOUTS: dict[tuple[str, str, bool], tuple[bool, bool, bool]] = {
    ("main", "refs/heads/main", False):                                      (True, True, True),
    ("main", "refs/heads/main", True):                                       (True, True, True),
    ("main", "refs/heads/development", False):                               (True, True, False),
    ("main", "refs/heads/feature", False):                                   (True, True, False),
    ("development", "refs/heads/main", True):                                (True, True, True),
    ("development", "refs/heads/main", False):                               (True, True, False),
    ("development", "refs/heads/development", False):                        (True, True, True),
    ("master", "refs/heads/main", False):                                    (True, True, False),
    ("master", "refs/heads/main", True):                                     (True, True, True),
    ("main", "refs/heads/Main", False):                                      (True, True, False),
    ("main", "refs/heads/refs/heads/main", False):                           (True, True, False),
    ("main", "", False):                                                     (True, True, False),
}  # fmt: skip


@pytest.mark.parametrize("environment", ["dev", "test", "staging", "prod"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_prod_takes_only_the_default_branch_and_protected_ones(layout: tuple[str, str, bool], environment: str) -> None:
    default, ref, protected = layout
    allowed = dict(zip(("dev", "test", "prod"), LAYOUTS[layout], strict=True)).get(environment, True)
    happened = event(ref=ref, branch=default, protected=protected)
    if allowed:
        reviewed_refs.require_branch(POLICY.environment(environment), happened)
        return
    with pytest.raises(NotReviewed, match="is not a reviewed branch, and prod accepts releases only from"):
        reviewed_refs.require_branch(POLICY.environment(environment), happened)


def test_where_the_default_branch_is_not_known_only_a_protected_branch_is_reviewed() -> None:
    prod = POLICY.environment("prod")
    reviewed_refs.require_branch(prod, event("terminal", "refs/heads/main", branch=""))  # as before
    reviewed_refs.require_branch(prod, event(branch="", protected=True))
    with pytest.raises(NotReviewed, match="The default branch of this repository is not known"):
        reviewed_refs.require_branch(prod, event(branch=""))


TAG = event(ref="refs/tags/v9.9.9")


@pytest.mark.parametrize("environment", ["test", "staging", "prod"])
def test_a_tag_is_taken_from_the_default_branch_and_the_verdict_is_told_which(
    monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    rules_ = POLICY.environment(environment)
    Clone().place(monkeypatch)
    assert reviewed_refs.branch_of_tag(rules_, TAG, NOWHERE) == "trunk"
    Clone(merged=False).place(monkeypatch)
    with pytest.raises(NotReviewed) as caught:
        reviewed_refs.branch_of_tag(rules_, TAG, NOWHERE)
    assert str(caught.value) == (
        "The tag v9.9.9 is on commit a1b2c3d4e5f6, which is not on trunk. "
        f"{environment} accepts tags only from there, because only merged commits were reviewed. "
        "Merge first, then tag the merged commit. If releases are made on other branches, ask the platform team to "
        "list them as `tags_from` in environments.yaml."
    )


@pytest.mark.parametrize(
    ("environment", "happened"),
    [
        ("dev", TAG),
        ("prod", event()),
        ("prod", event("terminal", "refs/tags/v9.9.9", branch="")),
        ("prod", event("pull_request", "refs/pull/1/merge")),
    ],
)
def test_where_no_tag_is_asked_about_no_branch_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, environment: str, happened: Event
) -> None:
    Clone(trouble=AssertionError("nobody is asked")).place(monkeypatch)
    assert reviewed_refs.branch_of_tag(POLICY.environment(environment), happened, NOWHERE) == ""


def test_a_branch_that_cannot_be_read_has_no_tag_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    Clone(branches={}).place(monkeypatch)
    with pytest.raises(NotReviewed) as caught:
        reviewed_refs.branch_of_tag(POLICY.environment("prod"), TAG, NOWHERE)
    assert caught.value.what == "Whether the tag v9.9.9 is on trunk could not be checked"
    assert caught.value.why == "trunk cannot be read: couldn't find remote ref"


def test_of_several_branches_one_has_to_have_the_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    gitflow = replace(POLICY.environment("prod"), tags_from=("main", "trunk"))
    Clone().place(monkeypatch)
    assert reviewed_refs.branch_of_tag(gitflow, TAG, NOWHERE) == "trunk"
    Clone(branches={"main": ANCIENT, "trunk": ANCIENT}).place(monkeypatch)
    with pytest.raises(NotReviewed, match="which is not on main or trunk"):
        reviewed_refs.branch_of_tag(gitflow, TAG, NOWHERE)


def test_a_tag_in_a_run_that_knows_no_default_branch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Clone().place(monkeypatch)
    with pytest.raises(NotReviewed, match="The default branch of this repository is not known"):
        reviewed_refs.branch_of_tag(POLICY.environment("prod"), changed(TAG, default_branch=""), NOWHERE)


def verdict(reviewed_on: str) -> Verdict:
    return changed(
        decide(report(), POLICY, POLICY.environment("prod"), today=date(2026, 11, 28)).verdict, reviewed_on=reviewed_on
    )


@pytest.mark.parametrize("seen", ["", "feature", "main", "Trunk"])
def test_a_release_of_a_tag_needs_a_verdict_that_found_it_on_the_branch(seen: str) -> None:
    with pytest.raises(NotReviewed, match="The verdict of gitleaks does not say that the tag"):
        reviewed_refs.require_tag(POLICY.environment("prod"), TAG, verdict(seen))
    reviewed_refs.require_tag(POLICY.environment("prod"), TAG, verdict("trunk"))


def test_a_release_of_a_branch_or_to_dev_needs_no_such_verdict() -> None:
    reviewed_refs.require_tag(POLICY.environment("prod"), event(), verdict(""))
    reviewed_refs.require_tag(POLICY.environment("dev"), TAG, verdict(""))
