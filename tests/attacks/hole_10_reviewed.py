"""What is applied is not what people saw: title, text, record, catalogue, and what a comment says of an apply."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from goldenpath.registries.recovery import ApplyClaim
from goldenpath.shared.errors import ApprovalMissing, PlanDrifted, ProposalUnbound, StateLocked
from tests.attacks.attack import Patch, attack
from tests.terraform_provider import world as worlds
from tests.tools.registries.test_apply import MANIFEST
from tests.tools.registries.test_retirement import removal_proposed
from tests.tools.registry_platform import BASE, SLUG, counted, described, git

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.registries.github.repository import Approval
    from goldenpath.registries.terraform.planning import TerraformWorkspace
    from tests.attacks.attack import Scene
    from tests.tools.registry_platform import Platform

BRANCH = "registry/dev/my-app"
SEALED = Patch("goldenpath.registries.provenance.require_sealed")
SHOWN = Patch("goldenpath.registries.review.require_plan_shown")
ASKED = Patch("goldenpath.registries.provenance.require_requested_and_approved")
OTHER_TEXT = "Title or description of the pull request are not those that the workflow wrote"
CREATES = '| create | module.ecr\\_repositories\\["my-app"\\].aws\\_ecr\\_repository.this |'


def whoever_approved(approvals: Iterable[Approval], *_: object) -> tuple[str, ...]:
    return tuple(each.login for each in approvals)


def edited(platform: Platform, number: int, old: str, new: str) -> None:
    """Have mallory edit the description of the pull request `number`."""
    thread = platform.threads[number - 1]
    assert old in thread.body
    platform.github.threads.edit(SLUG, number, "mallory", body=thread.body.replace(old, new))


def require_made(platform: Platform) -> None:
    assert platform.names() == ["my-app"]


@attack(10, ProposalUnbound, "it comes from the branch 'typo'", ASKED, SHOWN)
def a_fix_of_a_typo_carries_the_pasted_record_of_a_plan(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    platform.merge(1, approved=False)  # and was not applied: nobody approved it
    record = platform.threads[0].body[platform.threads[0].body.index("<!--") :]
    checkout = platform.clone()
    (checkout / "docs" / "REGISTRY_CATALOG.md").write_text("# The registries\n")
    git(checkout, "commit", "--quiet", "--all", "--message=Fixes a typo")
    git(checkout, "push", "--quiet", "origin", "HEAD:refs/heads/typo")
    platform.open("Fixes a typo", f"In the catalogue.\n{record}", "typo", author="mallory")
    platform.apply(platform.merge(2))
    require_made(platform)


@attack(10, PlanDrifted, OTHER_TEXT, SEALED)
def a_proposal_is_given_the_title_of_a_fix_of_a_typo(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    platform.github.threads.edit(SLUG, 1, "mallory", title="Fixes a typo")
    platform.apply(platform.merge(1))
    require_made(platform)


@attack(10, PlanDrifted, OTHER_TEXT, SEALED, SHOWN)
def the_table_is_changed_and_the_record_is_kept(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    edited(platform, 1, CREATES, CREATES.replace("create", "read"))
    platform.apply(platform.merge(1))
    require_made(platform)


@attack(10, PlanDrifted, "The pull request did not show the plan", SHOWN)
def the_table_is_changed_and_the_seal_is_not_asked(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    scene.monkeypatch.setattr(SEALED.target, SEALED.by)
    platform.propose()
    edited(platform, 1, CREATES, CREATES.replace("create", "read"))
    platform.apply(platform.merge(1))
    require_made(platform)


@attack(10, PlanDrifted, OTHER_TEXT, SEALED)
def the_folded_plan_is_made_to_do_nothing(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    edited(platform, 1, "Plan: 2 to add, 0 to change, 0 to destroy.", "No changes.")
    platform.apply(platform.merge(1))
    require_made(platform)


@attack(10, PlanDrifted, OTHER_TEXT, SEALED)
def the_facts_are_edited_after_the_approval(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    platform.approve(1)
    edited(platform, 1, "| owner | team-web |", "| owner | team-platform |")
    platform.approve(1, "third")
    platform.apply(platform.merge(1, approved=False))
    require_made(platform)


@attack(
    10, ApprovalMissing, "only while title and description stay as they were approved",
    Patch("goldenpath.registries.provenance.second_approvers", whoever_approved),
)  # fmt: skip
def the_text_is_another_while_it_is_approved_and_then_put_back(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    edited(platform, 1, "| risk | low |", "| risk | high |")
    platform.approve(1)
    edited(platform, 1, "| risk | high |", "| risk | low |")
    platform.apply(platform.merge(1, approved=False))
    require_made(platform)


def approved_as_merged(approvals: Iterable[Approval], *_: object) -> tuple[str, ...]:
    """Believe that a merge ends the time in which a text may be edited."""
    return whoever_approved(approvals)


@attack(
    10, ApprovalMissing, "only while title and description stay as they were approved",
    Patch("goldenpath.registries.provenance.second_approvers", approved_as_merged),
)  # fmt: skip
def the_text_is_another_until_the_merge_and_put_back_before_the_apply(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    edited(platform, 1, "| risk | low |", "| risk | high |")
    merge = platform.merge(1)
    edited(platform, 1, "| risk | high |", "| risk | low |")
    platform.apply(merge)
    require_made(platform)


@attack(10, PlanDrifted, OTHER_TEXT, SEALED)
def the_signs_of_use_are_added_to_the_record_alone(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    removal_proposed(platform, scene.monkeypatch, "dev-a1b2c3d")
    platform.world.client("ecr").put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="prod-a1b2c3d")
    edited(platform, 3, '"signs":[]', '"signs":["prod-a1b2c3d"]')
    platform.apply(platform.merge(3))
    assert platform.names() == []


@attack(
    10,
    ProposalUnbound,
    "holds something that the commit",
    Patch("goldenpath.registries.provenance.require_single_commit"),
)
def a_merge_puts_one_more_byte_into_the_catalogue(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    platform.approve(1)
    checkout = platform.clone()
    git(checkout, "merge", "--quiet", "--no-ff", "--no-commit", f"origin/{BRANCH}")
    with (checkout / "envs" / "catalogue.json").open("a") as file:
        file.write(" ")
    git(checkout, "commit", "--quiet", "--all", "--message=Merge")
    git(checkout, "push", "--quiet", "origin", f"HEAD:{BASE}")
    commit = git(checkout, "rev-parse", "HEAD")
    platform.github.threads.merge(SLUG, 1, commit)
    before, counts = git(checkout, "rev-parse", f"{commit}^1"), counted(checkout, f"{commit}^1", f"{commit}^2")
    platform.apply(described(platform.threads[0], commit, counts, before=before))
    assert git(platform.origin, "show", f"{BASE}:envs/catalogue.json") != ""
    require_made(platform)


FORGED = (
    '<!-- goldenpath-applying: {"host":"workstation","since":"2026-01-01T00:00:00Z"} -->\n<!-- goldenpath: apply -->'
)
SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def as_a_comment_says(_: TerraformWorkspace, pull: int) -> ApplyClaim:
    """Return the claim that stands in FORGED, as it was believed while claims stood in comments."""
    return ApplyClaim(pull, "", "workstation", SINCE, SINCE)


@attack(
    10,
    StateLocked,
    "held by admin@workstation",
    Patch("goldenpath.registries.recovery.unfinished_claim", as_a_comment_says),
)
def a_forged_note_of_an_apply_frees_the_lock_that_a_person_holds(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    platform.github.threads.comment(SLUG, 1, "github-actions[bot]", FORGED)
    event = platform.merge(1)
    lock = {"Bucket": worlds.BUCKET, "Key": "envs/dev/terraform.tfstate.tflock"}
    held = {"ID": "1-2-3", "Operation": "OperationTypeApply", "Who": "admin@workstation", "Path": "", "Info": "",
            "Version": "1.11.4", "Created": "2026-11-21T04:00:00Z"}  # fmt: skip
    platform.world.client("s3").put_object(Body=json.dumps(held).encode(), **lock)
    platform.more["GOLDENPATH_LOCK_SECONDS"] = "0"
    platform.apply(event)
    require_made(platform)
