"""What is looked at of a merged pull request, and what of it runs: real git, real Terraform."""

from __future__ import annotations

import pytest
from tests.tools import registry_platform
from tests.tools.registry_platform import BASE, Platform, git

from goldenpath.registries.github import records
from goldenpath.shared.errors import ApprovalMissing, BadInput, ConfigurationUntrusted, PlanDrifted, PlanUnexpected

pytestmark = pytest.mark.tools
WAYS: dict[str, dict[str, bool]] = {"merge": {}, "squash": {"squash": True}, "rebase": {"rebase": True}}
EACH_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
BRANCH = "registry/dev/my-app"
SEVERAL = "The pull request changes more than its registry"


@EACH_WAY
def test_a_base_branch_that_moved_on_meanwhile_stops_no_apply(platform: Platform, way: dict[str, bool]) -> None:
    platform.propose()
    before = git(platform.origin, "rev-parse", BASE)
    platform.edit("docs/templates/handover.md", "is yours", "is all yours")
    event = platform.merge(1, **way)
    event["base"]["sha"] = before  # GitHub's event may name an older commit of the branch
    assert "applied; changes: 2" in platform.apply(event)


@pytest.mark.parametrize("squash", [False, True])
def test_two_that_a_merge_queue_brings_at_once_are_both_applied(platform: Platform, squash: bool) -> None:
    for name, environment in (("a-app", "dev"), ("z-app", "test")):
        platform.propose(name=name, environment=environment)
    queue, base = platform.clone(), git(platform.origin, "rev-parse", BASE)
    for thread in platform.threads:
        head = git(queue, "rev-parse", f"origin/{thread.head}")
        way = ("--squash",) if squash else ("--no-ff", "--message=Merge")
        git(queue, "merge", "--quiet", *way, head)
        if squash:
            git(queue, "commit", "--quiet", "--message=Squashed")
        platform.approve(thread.number)
        commit, counts = git(queue, "rev-parse", "HEAD"), registry_platform.counted(queue, base, head)
        platform.tell(registry_platform.described(thread, commit, counts, before=base))
    git(queue, "push", "--quiet", "origin", f"HEAD:{BASE}")
    push = registry_platform.push_event(base, git(queue, "rev-parse", "HEAD"), pusher={"name": "merge-queue[bot]"})
    platform.github.threads.unmarked = 1  # the push is there before the pull requests are marked as merged
    platform.answer(push)
    assert platform.found() == [{"number": 1, "environment": "dev"}, {"number": 2, "environment": "test"}]
    for number in (1, 2):
        assert "applied; changes: 2" in platform.answer(push, "apply-merged", pull_request=number)
    assert platform.names() == ["a-app", "z-app"]


@EACH_WAY
def test_whatever_a_branch_did_is_looked_at_however_it_is_merged(platform: Platform, way: dict[str, bool]) -> None:
    platform.propose()
    platform.commit(BRANCH, **{"bin/goldenpath": "theirs"})
    platform.commit(BRANCH, **{"docs/note.md": "a note"})
    with pytest.raises(PlanUnexpected, match=f"{SEVERAL}: bin/goldenpath, docs/note.md"):
        platform.apply(platform.merge(1, **way))
    assert platform.names() == []


@pytest.mark.parametrize("counts", [{"commits": 2}, {"changed_files": 4}])
def test_a_pull_request_of_which_github_counts_more_is_not_applied(platform: Platform, counts: dict[str, int]) -> None:
    platform.propose()
    event = platform.merge(1)
    event |= counts
    with pytest.raises(PlanUnexpected, match="holds other commits than GitHub counts"):
        platform.apply(event)


def test_a_merge_that_describes_the_registry_otherwise_than_its_branch_is_not_applied(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    checkout = platform.clone()
    path = checkout / "envs/dev/ecr.tf"
    team = 'owner     = "team-web"\n      requester = "octocat"\n      domain    = "shop"'
    assert team in path.read_text()
    path.write_text(path.read_text().replace(team, team.replace("team-web", "team-else")))
    git(checkout, "commit", "--quiet", "--all", "--amend", "--no-edit")
    git(checkout, "push", "--quiet", "--force", "origin", f"HEAD:{BASE}")
    event["merge_commit_sha"] = git(checkout, "rev-parse", "HEAD")
    with pytest.raises(PlanDrifted, match="What was merged is not what the pull request proposed"):
        platform.apply(event)


def test_the_check_before_the_apply_tells_the_environment_and_needs_no_role(platform: Platform) -> None:
    platform.propose(environment="test")
    event = platform.merge(1)
    platform.more |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    assert "my-app in test is to be applied" in platform.apply(event, "find-merged")
    assert platform.found() == [{"number": 1, "environment": "test"}]
    assert platform.names() == []


def test_what_stops_the_check_is_said_in_the_pull_request(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    event["body"] = "Please merge"
    with pytest.raises(PlanDrifted):
        platform.apply(event, "find-merged")
    (said,) = platform.threads[0].comments.values()
    assert said.startswith("### Not applied: The pull request does not say which plan was reviewed")


def test_a_merged_tool_that_is_broken_does_not_matter(platform: Platform) -> None:
    platform.trusted = git(platform.origin, "rev-parse", BASE)
    platform.commit(BASE, **{"src/goldenpath/cli.py": "raise SystemExit(0)", ".gitattributes": "modules/** eol=crlf\n"})
    platform.made()
    assert platform.names() == ["my-app"]


HOSTILE = {
    "a module": ("modules/aws_ecr/more.tf", "modules/aws_ecr/more.tf"),
    "variables": ("envs/dev/more.auto.tfvars", "envs/dev/more.auto.tfvars"),
    "a lock file": ("envs/dev/.terraform.lock.hcl", "envs/dev/.terraform.lock.hcl"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_another_configuration_than_the_default_branch_has_is_refused(platform: Platform, case: str) -> None:
    path, told = HOSTILE[case]
    platform.trusted = git(platform.origin, "rev-parse", BASE)
    file = platform.clone() / path
    platform.commit(BASE, **{path: (file.read_text() if file.is_file() else "") + "# nothing\n"})
    platform.propose()
    with pytest.raises(ConfigurationUntrusted, match=f": {told}"):
        platform.apply(platform.merge(1))


def test_entries_that_are_a_link_to_another_file_are_refused(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    platform.trusted = git(platform.origin, "rev-parse", f"{BASE}~1")
    checkout = platform.clone(platform.trusted)
    (checkout / "envs/dev/ecr.tf").rename(checkout / "theirs.tf")
    (checkout / "envs/dev/ecr.tf").symlink_to("../../theirs.tf")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message=A link")
    merged = platform.clone(event["merge_commit_sha"])
    with pytest.raises(ConfigurationUntrusted, match=r"envs/dev/ecr\.tf"):
        platform.run(merged, "apply-merged", platform.tell(event), trusted=str(checkout), pull_request=1)


def test_another_environments_files_are_none_of_an_apply(platform: Platform) -> None:
    platform.trusted = git(platform.origin, "rev-parse", BASE)
    platform.commit(BASE, **{"envs/prod/more.tf": "# nothing\n"})
    platform.made()
    assert platform.names() == ["my-app"]


def test_one_checkout_is_not_taken_for_both(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    checkout = platform.clone(event["merge_commit_sha"])
    with pytest.raises(BadInput, match="are the same folder"):
        platform.run(checkout, "apply-merged", platform.tell(event), trusted=str(checkout), pull_request=1)


def test_a_pull_request_that_is_refused_stops_no_other_of_the_same_push(platform: Platform) -> None:
    base = git(platform.origin, "rev-parse", BASE)
    for number, name in enumerate(("a-app", "z-app"), 1):
        platform.propose(name=name)
        platform.tell(platform.merge(number, approved=name == "z-app"))
    push = registry_platform.push_event(base, git(platform.origin, "rev-parse", BASE))
    with pytest.raises(ApprovalMissing, match="Nobody has approved pull request #1"):
        platform.answer(push)
    assert platform.found() == [{"number": 2, "environment": "dev"}]
    (said,) = platform.threads[0].comments.values()
    assert said.startswith("### Not applied: Nobody has approved pull request `#1`")
    assert platform.threads[1].comments == {}


def test_a_direct_push_applies_nothing_and_is_told_what_to_do(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "PAUSES", (0,))
    before = git(platform.origin, "rev-parse", BASE)
    platform.edit("envs/dev/ecr.tf", 'owner     = "team-web"', 'owner     = "team-new"')
    after = git(platform.origin, "rev-parse", BASE)
    told = platform.answer(registry_platform.push_event(before, after))
    assert f"The commit {after} changes registries, but not by a pull request of the wizard." in told
    assert "::warning title=Nothing is applied for it::" in told
    assert platform.found() == []


def test_a_branch_that_is_new_applies_nothing(platform: Platform) -> None:
    tip = git(platform.origin, "rev-parse", BASE)
    told = platform.answer(registry_platform.push_event("0" * 40, tip, created=True))
    assert "The branch development is new" in told
    assert platform.found() == []


def test_a_merge_is_applied_by_the_push_that_brought_it_and_by_no_other(platform: Platform) -> None:
    platform.propose()
    merge = platform.merge(1)
    platform.edit("docs/templates/handover.md", "is yours", "is all yours")
    newest = git(platform.origin, "rev-parse", BASE)
    platform.tell(merge)
    push = registry_platform.push_event(merge["merge_commit_sha"], newest)
    assert "no registry is to be applied" in platform.answer(push)
    with pytest.raises(BadInput, match="This push did not merge pull request #1"):
        platform.answer(push, "apply-merged", pull_request=1)
    checkout = platform.clone()
    push = registry_platform.push_event(merge["before"], merge["merge_commit_sha"])
    with pytest.raises(BadInput, match="The checkout is not at the pushed commit"):
        platform.run(checkout, "apply-merged", push, pull_request=1, trusted=str(platform.clone()))


def test_a_job_that_is_run_again_after_a_force_push_brings_no_merge_back(platform: Platform) -> None:
    platform.propose()
    merge = platform.merge(1)
    git(platform.origin, "update-ref", "refs/heads/kept", merge["merge_commit_sha"])
    checkout = platform.clone(merge["before"])
    path = checkout / "envs/dev/ecr.tf"
    path.write_text(git(platform.origin, "show", f"{merge['merge_commit_sha']}:envs/dev/ecr.tf") + "\n")
    git(checkout, "commit", "--quiet", "--all", "--message=The same entry by hand")
    git(checkout, "push", "--quiet", "--force", "origin", f"HEAD:{BASE}")
    with pytest.raises(PlanDrifted, match="The merged pull request is not in its branch any more"):
        platform.apply(merge)
    assert platform.names() == []


def test_a_job_that_was_told_no_pull_request_says_why(platform: Platform) -> None:
    with pytest.raises(BadInput, match="No pull request was named for this job"):
        platform.run(platform.clone(), "apply-merged", {}, pull_request=0)
