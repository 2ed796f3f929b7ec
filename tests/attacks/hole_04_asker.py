"""Who asks for a registry's change is also its second person: each way to look like two people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared.errors import ApprovalMissing, ProposalUnbound
from tests.attacks.attack import Patch, attack
from tests.tools import registry_platform
from tests.tools.registries.test_retirement import removal_proposed, retired
from tests.tools.registry_platform import BASE, SLUG, git

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.registries.github.records import RunAttempt
    from tests.attacks.attack import Scene
    from tests.tools.registry_platform import Platform

BRANCH = "registry/dev/my-app"
SEALED = Patch("goldenpath.registries.provenance.require_sealed")
PEOPLE = Patch("goldenpath.registries.provenance.require_started_by_people")
ALONE = Patch("goldenpath.registries.provenance.require_single_commit")


def who_started_it_first(attempts: Iterable[RunAttempt], *_: object) -> frozenset[str]:
    """Return whom `GITHUB_ACTOR` names, which stays the same whoever runs a run again."""
    return frozenset(attempt.accounts[0].login for attempt in attempts)


def merged_alone(platform: Platform, number: int = 1) -> None:
    """Have mallory approve the pull request `number` and merge it, and let it be applied."""
    platform.approve(number, "mallory")
    platform.apply(platform.merge(number, approved=False))


def require_made(platform: Platform) -> None:
    assert platform.names() == ["my-app"]


@attack(
    4,
    ApprovalMissing,
    "Nobody has approved pull request #1",
    Patch("goldenpath.registries.provenance.require_second_approval"),
)
def a_requester_approves_the_creation_that_he_asked_for(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "mallory"
    platform.propose()
    merged_alone(platform)
    require_made(platform)


@attack(4, ProposalUnbound, "did not propose the commit", SEALED)
def a_commit_is_amended_to_name_the_run_of_somebody_else(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "alice"
    platform.propose(name="another")  # run 47
    platform.actor = "mallory"
    platform.propose()
    checkout = platform.clone(f"origin/{BRANCH}")
    message = git(checkout, "show", "--no-patch", "--format=%B").replace("mallory", "alice").replace("48/1", "47/1")
    git(checkout, "commit", "--quiet", "--amend", f"--message={message}")
    git(checkout, "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{BRANCH}")
    body = platform.threads[1].body.replace("mallory", "alice").replace("48/1", "47/1")
    platform.github.threads.edit(SLUG, 2, "mallory", body=body)
    # What she edited before the approval is not what makes this fail.
    platform.threads[1].events.clear()
    merged_alone(platform, 2)
    require_made(platform)


@attack(
    4,
    ApprovalMissing,
    "by alice, mallory",
    Patch("goldenpath.registries.provenance.known_requesters", who_started_it_first),
)
def a_removal_that_somebody_else_once_started_is_run_again_and_approved(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    removal_proposed(platform, scene.monkeypatch, "prod-a1b2c3d")
    platform.actor, platform.again = "alice", "mallory"
    retired(platform, "remove")
    merged_alone(platform, 3)
    assert platform.names() == []


@attack(
    4, ProposalUnbound, "which is not a person", PEOPLE, Patch("goldenpath.registries.workflow_commands.require_people")
)
def a_workflow_on_the_askers_branch_starts_the_wizard(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "github-actions[bot]"
    platform.propose()
    merged_alone(platform)
    require_made(platform)


@attack(4, ProposalUnbound, "who is not a person", PEOPLE)
def a_run_that_only_the_apply_sees_to_be_a_workflows_own(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    scene.monkeypatch.setattr("goldenpath.registries.workflow_commands.require_people", lambda *_: None)
    platform.actor = "github-actions[bot]"
    platform.propose()
    merged_alone(platform)
    require_made(platform)


@attack(4, ProposalUnbound, "it is a run of .github/workflows/mine.yml", PEOPLE)
def a_workflow_of_ones_own_that_somebody_else_triggered_proposes_as_the_bot(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    scene.monkeypatch.setitem(registry_platform.WORKFLOWS, "propose", "mine")
    platform.actor = "alice"
    platform.propose()
    merged_alone(platform)
    require_made(platform)


@attack(4, ProposalUnbound, "its branch has more than one commit", ALONE, SEALED)
def who_pushes_one_more_commit_approves_it(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "alice"
    platform.propose()
    checkout = platform.clone(f"origin/{BRANCH}")
    (checkout / "docs" / "REGISTRY_CATALOG.md").write_text("Ask mallory for registries.\n")
    git(checkout, "commit", "--quiet", "--all", "--message=One more")
    git(checkout, "push", "--quiet", "origin", f"HEAD:refs/heads/{BRANCH}")
    merged_alone(platform)
    assert "mallory" in git(platform.origin, "show", f"{BASE}:docs/REGISTRY_CATALOG.md")


@attack(
    4, ProposalUnbound, "opened the pull request again", Patch("goldenpath.registries.provenance.require_not_reopened")
)
def a_proposal_that_was_withdrawn_is_opened_again_and_approved(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "alice"
    platform.propose()
    platform.github.threads.reopen(SLUG, 1, "mallory")
    merged_alone(platform)
    require_made(platform)


@attack(4, ProposalUnbound, "as pull request #2", SEALED)
def a_proposal_that_was_withdrawn_is_proposed_by_another_pull_request(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "alice"
    platform.propose()
    first = platform.threads[0]
    first.state = "closed"
    # By a workflow on a branch of her own, which opens it as the bot too.
    platform.open(first.title, first.body, first.head)
    merged_alone(platform, 2)
    require_made(platform)


@attack(
    4, ApprovalMissing, "Nobody has approved pull request #1",
    Patch("goldenpath.registries.github.repository._approves", lambda review, _: review.state == "APPROVED"),
)  # fmt: skip
def a_workflow_of_the_askers_branch_approves_as_the_bot(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "mallory"
    platform.propose()
    platform.approve(1, "github-actions[bot]")
    platform.apply(platform.merge(1, approved=False))
    require_made(platform)


@attack(
    4, ApprovalMissing, "Nobody has approved pull request #1",
    Patch("goldenpath.registries.github.repository.GithubRepository._may_write", lambda *_: True),
)  # fmt: skip
def another_account_of_the_asker_that_may_only_read_approves(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.actor = "mallory"
    platform.propose()
    platform.approve(1, "mallory-too")
    platform.github.threads.review(SLUG, 1, "mallory-too", permission="read")
    platform.apply(platform.merge(1, approved=False))
    require_made(platform)
