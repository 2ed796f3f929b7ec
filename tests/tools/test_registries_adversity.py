"""What people do to the path of a registry that nobody meant it for: refused in words, or handled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from tests.tools import registry_platform
from tests.tools.registries.test_apply import MANIFEST
from tests.tools.registries.test_retirement import in_days, retired
from tests.tools.registry_platform import ASKED, BASE, Platform, git

from goldenpath.registries import provenance, review
from goldenpath.registries.github.repository import GithubRepository
from goldenpath.registries.request import known_environments
from goldenpath.registries.review import PlanRecord
from goldenpath.registries.terraform import planning, plans
from goldenpath.shared.errors import (
    ApprovalMissing,
    BadInput,
    GithubRefused,
    PlanDrifted,
    PlanUnexpected,
    ProposalUnbound,
    RegistryNameTaken,
    RetirementRefused,
)

pytestmark = pytest.mark.tools
Event = dict[str, Any]


def by_hand(platform: Platform, path: str, old: str, new: str) -> None:
    """Push a second commit onto the branch that the wizard proposed."""
    checkout = platform.clone("origin/registry/dev/my-app")
    text = (checkout / path).read_text()
    assert old in text
    (checkout / path).write_text(text.replace(old, new))
    git(checkout, "commit", "--quiet", "--all", "--message=By hand")
    git(checkout, "push", "--quiet", "origin", "HEAD:refs/heads/registry/dev/my-app")


#                 what is edited on the branch after the plan was made          what is said
EDITED: dict[str, tuple[str, str, str, type[Exception], str]] = {
    "its owner": (
        "envs/dev/ecr.tf", '"team-web"\n      requester = "octocat"\n      domain    = "shop"',
        '"mallory"\n      requester = "octocat"\n      domain    = "shop"', ProposalUnbound,
        "not what a run of the wizard proposed",
    ),
    "another registry": (
        "envs/dev/ecr.tf", 'domain    = "examples"', 'domain    = "else"', PlanUnexpected, "changes 2 registries",
    ),
    "the file around the entries": (
        "envs/dev/ecr.tf", "deprecation = try({", "deprecation = false ? null : try({", PlanUnexpected,
        r"more than its registry: envs/dev/ecr\.tf \(outside of the entry\)",
    ),
    "another file": (
        "envs/dev/main.tf", "terraform {", "# by hand\nterraform {", PlanUnexpected,
        r"more than its registry: envs/dev/main\.tf",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITED)
def test_a_pull_request_that_was_edited_after_its_plan_is_not_applied(platform: Platform, what: str) -> None:
    path, old, new, error, words = EDITED[what]
    platform.propose()
    by_hand(platform, path, old, new)
    event = platform.merge(1)
    with pytest.raises(error, match=words):
        platform.apply(event)
    assert platform.names() == []
    (said,) = platform.threads[0].comments.values()
    assert said.startswith("### Not applied: ")


def test_the_wizard_has_what_was_edited_by_hand_reviewed_as_it_is_now(platform: Platform) -> None:
    platform.propose()
    by_hand(platform, "envs/dev/main.tf", "terraform {", "# by hand\nterraform {")
    event = platform.merge(1)
    with pytest.raises(PlanUnexpected):
        platform.apply(event)
    platform.propose()
    platform.apply(platform.merge(2))
    assert platform.names() == ["my-app"]


def test_a_change_by_hand_is_applied_by_the_wizards_pull_request(platform: Platform) -> None:
    platform.made()
    asked = 'requester = "octocat"\n      domain    = "shop"'
    platform.edit("envs/dev/ecr.tf", f'"team-web"\n      {asked}', f'"team-new"\n      {asked}')
    platform.propose(owner="team-new")
    assert platform.threads[1].title == "Change registry my-app (dev)"
    assert "| tags: goldenpath.idp/owner = team-new |" in platform.threads[1].body
    assert "applied; changes: 1" in platform.apply(platform.merge(2))
    with pytest.raises(RegistryNameTaken, match="already, as it was asked for"):
        platform.propose(owner="team-new")


def forked(event: Event) -> None:
    event["head"]["repo"] = {"full_name": "outsider/platform"}


def without_repository(event: Event) -> None:
    event["head"]["repo"] = None


@pytest.mark.parametrize("change", [forked, without_repository])
def test_a_label_on_the_pull_request_of_a_fork_applies_nothing(
    platform: Platform, change: Callable[[Event], None]
) -> None:
    platform.propose()
    event = platform.merge(1)
    change(event)
    with pytest.raises(BadInput) as refused:
        platform.apply(event)
    assert refused.value.why == "it comes from a fork"
    assert platform.names() == []


def test_a_proposal_comes_from_the_branch_of_its_registry(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    event["head"]["ref"] = "registry/prod/hello-web"
    with pytest.raises(ProposalUnbound, match="the wizard proposes this registry on registry/dev/my-app"):
        platform.apply(event)
    assert platform.names() == []


def test_names_that_git_would_keep_apart_badly_have_a_branch_each(platform: Platform) -> None:
    names = ("team", "team/my-app", "team/my.lock")
    platform.github.runs.files["octo/my-app"] = {".github/workflows/x.yaml": registry_platform.caller("team/my-app")}
    for name in names:
        platform.propose(name=name)
    assert [each.head for each in platform.threads] == [
        "registry/dev/team", "registry/dev/team+my-app", "registry/dev/team+my.lock+",
    ]  # fmt: skip
    for number, name in enumerate(names, 1):
        if number > 1:
            platform.propose(name=name)  # neighbours in the file: made anew on what was merged meanwhile
        platform.apply(platform.merge(number))
    assert platform.names() == sorted(names)
    assert [each.title for each in platform.github.threads.of("octo/my-app")] == [
        "Your registry team/my-app in dev is ready"
    ]


def test_every_name_has_a_branch_of_its_own() -> None:
    names = ("a", "a/b", "a.b", "a-b", "a.lock", "a/lock", "a.lock/b")
    assert len({provenance.branch_of("dev", name) for name in names}) == len(names)


def test_a_registry_may_come_back_under_its_old_name(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.made()
    retired(platform, "deprecate")
    platform.apply(platform.merge(2))
    with monkeypatch.context() as later:
        in_days(later, 31)
        retired(platform, "remove")
        removal = platform.merge(3)
        platform.apply(removal)
    assert platform.names() == []
    platform.made(owner="team-new")
    with pytest.raises(PlanDrifted, match="is not the last word on its registry"):
        platform.apply(removal)
    assert platform.names() == ["my-app"]


def test_a_change_of_risk_that_would_lose_the_images_is_never_proposed(platform: Platform) -> None:
    platform.made()
    with pytest.raises(RegistryNameTaken, match="its risk is 'low', not 'high'"):
        platform.propose(risk="high")
    entry = 'domain    = "shop"\n      risk      = '
    platform.edit("envs/dev/ecr.tf", f'{entry}"low"', f'{entry}"high"')
    with pytest.raises(PlanUnexpected, match="and every image in it would be lost"):
        platform.propose(risk="high")
    assert len(platform.threads) == 1


@pytest.fixture
def by_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the apply take a pull request that no run of the wizard made, to see what refuses it then."""
    monkeypatch.setattr(provenance, "require_requested_and_approved", lambda *_: None)
    monkeypatch.setattr(review, "require_plan_shown", lambda *_: None)


@pytest.mark.usefixtures("by_anybody")
def test_a_removal_that_nobody_announced_is_refused_even_with_its_own_plan(platform: Platform) -> None:
    """Somebody takes the entry out by hand, and writes the record of that plan into the pull request."""
    platform.made()
    checkout = platform.clone()
    text = (checkout / "envs/dev/ecr.tf").read_text()
    start = text.index('    "my-app" = {')
    (checkout / "envs/dev/ecr.tf").write_text(text[:start] + text[text.index("    }\n", start) + 6 :])
    made = planning.plan(platform.world.workspace(checkout), "my-app", removal=True)
    assert plans.plan_digest(made, "dev")
    git(checkout, "commit", "--quiet", "--all", "--message=Gone")
    git(checkout, "push", "--quiet", "origin", f"HEAD:{BASE}")
    event = platform.pushed(platform.threads[0], git(checkout, "rev-parse", "HEAD"))
    event["body"] = review.record_comment(PlanRecord.of(made, "dev", "my-app", "mallory", removal=True))
    with pytest.raises(RetirementRefused, match="it was never deprecated"):
        platform.apply(event)
    assert platform.names() == ["my-app"]


def test_what_stops_an_apply_is_told_though_github_is_away(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.propose()
    event = platform.merge(1)
    event["body"] = "edited"

    def away(*_: object) -> None:
        raise GithubRefused("could not comment", fix="Run the job again")

    monkeypatch.setattr(GithubRepository, "comment", away)
    with pytest.raises(PlanDrifted, match="does not say which plan was reviewed"):
        platform.apply(event)


def test_a_grace_period_that_was_shortened_in_the_file_is_not_over(platform: Platform) -> None:
    platform.made()
    retired(platform, "deprecate")
    platform.apply(platform.merge(2))
    text = (platform.clone() / "envs/dev/ecr.tf").read_text()
    until = text.partition('remove_after     = "')[2][:10]
    since = text.partition('deprecated_since = "')[2][:10]
    platform.edit("envs/dev/ecr.tf", f'remove_after     = "{until}"', 'remove_after     = "2026-02-01"')
    platform.edit("envs/dev/ecr.tf", f'deprecated_since = "{since}"', 'deprecated_since = "2026-01-01"')
    with pytest.raises(RetirementRefused, match=f"the repository's tags say {since} to {until}"):
        retired(platform, "remove")


ASKED_FOR = 'domain    = "shop"\n      risk      = "low"'
BACK = f'{ASKED_FOR}\n      deprecated_since = "2026-01-01"\n      remove_after = "2026-02-01"'


@pytest.mark.usefixtures("by_anybody")
def test_a_grace_period_that_was_dated_back_in_the_file_is_published_by_nothing(platform: Platform) -> None:
    platform.made()
    platform.edit("envs/dev/ecr.tf", ASKED_FOR, BACK)
    with pytest.raises(RetirementRefused, match="it is dated back to 2026-01-01"):
        retired(platform, "deprecate")
    platform.propose()
    with pytest.raises(RetirementRefused, match="it is dated back to 2026-01-01"):
        platform.apply(platform.merge(2))
    made = planning.plan(platform.world.workspace(platform.clone()), "my-app")
    event = platform.pushed(platform.threads[0], git(platform.clone(), "rev-parse", "HEAD"))
    event["body"] = review.record_comment(PlanRecord.of(made, "dev", "my-app", "mallory"))
    with pytest.raises(RetirementRefused, match="it is dated back to 2026-01-01"):
        platform.apply(event)


def test_a_grace_period_that_was_told_is_shortened_by_nothing(platform: Platform) -> None:
    platform.made()
    retired(platform, "deprecate", grace_days=60)
    platform.apply(platform.merge(2))
    since = dt.datetime.now(dt.UTC).date()
    shorter, told = (since + dt.timedelta(days=days) for days in (30, 60))
    platform.edit("envs/dev/ecr.tf", f'remove_after     = "{told}"', f'remove_after     = "{shorter}"')
    with pytest.raises(RetirementRefused, match=f"its owners were given {since} to {told}"):
        retired(platform, "deprecate")
    assert len(platform.threads) == 2


def test_pushes_after_the_deprecation_are_told_and_need_a_second_person(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.made()
    with monkeypatch.context() as earlier:
        in_days(earlier, -40)
        retired(platform, "deprecate")
    event = platform.merge(2)
    event["created_at"] = f"{dt.datetime.now(dt.UTC).date() - dt.timedelta(days=40)}T12:00:00Z"
    platform.apply(event)
    platform.world.client("ecr").put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="dev-a1b2c3d")
    retired(platform, "remove")
    assert "1 of its images were pushed after" in platform.threads[2].body
    event = platform.merge(3, approved=False)
    with pytest.raises(ApprovalMissing):
        platform.apply(event)
    assert platform.names() == ["my-app"]
    platform.approve(3)
    platform.apply(event)
    assert platform.names() == []


def test_a_repository_of_another_environment_in_the_same_account_is_no_stranger(platform: Platform) -> None:
    platform.made(environment="test", name="only-test")
    ecr = platform.world.client("ecr")
    ecr.create_repository(repositoryName="by-hand")
    platform.run(platform.clone(), "hygiene")
    report = platform.threads[-1].body
    assert report.count(f"- `by-hand` ({', '.join(known_environments())}): made by hand") == 1
    assert "- `only-test` (" not in report
    assert "### prod\n\nNo registries are described." in report


def test_one_request_in_two_pull_requests_is_applied_once(platform: Platform) -> None:
    platform.propose()
    first = platform.merge(1)
    assert "is opened" in platform.propose(**ASKED)
    second = platform.merge(2)
    with pytest.raises(PlanDrifted, match="The merged pull request is not the last word on its registry") as refused:
        platform.apply(first)
    assert refused.value.why == "Pull request #2 was merged after #1"
    assert "applied; changes: 2" in platform.apply(second)
    assert platform.names() == ["my-app"]
