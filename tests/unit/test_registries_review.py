from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from goldenpath.errors import BadInput, PlanDrifted
from goldenpath.registries import compliance, hygiene, proposal, review
from goldenpath.registries.aws.ecr import EcrDescription
from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls
from goldenpath.registries.github.repository import LONGEST_TEXT
from goldenpath.registries.hygiene import EnvironmentReport, RegistryReport
from goldenpath.registries.merge import entries
from goldenpath.registries.merge.entries import ChangedEntry, EntryAction
from goldenpath.registries.merge.push import MergedPullRequest
from goldenpath.registries.request import Risk
from goldenpath.registries.review import PlanRecord, PullRequestText
from goldenpath.registries.terraform.planning import EnvironmentAccess, RoleKind
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan

PLAN = TerraformPlan(
    "1.11.4", (PlannedChange("a.b", "b", ("create",), None, {"name": "my-app", "empty": "", "tags": {"a": "|x|"}}),)
)
REGISTRY = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW)
LOW = RiskControls("MUTABLE", "AES256", 20)
TAGS = {"goldenpath.idp/id": "REGISTRY_MY_APP", "goldenpath.idp/owner": "team-web", "goldenpath.idp/risk": "low",
        "goldenpath.idp/environment": "dev"}  # fmt: skip
GOOD: dict[str, Any] = {"name": "my-app", "arn": "arn", "uri": "uri", "mutability": "MUTABLE", "encryption": "AES256",
                        "scan_on_push": True, "tags": TAGS, "lifecycle": "{}",
                        "created": dt.datetime(2026, 11, 21, tzinfo=dt.UTC)}  # fmt: skip
REFUSES_PUSH = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"}]}'
TODAY = dt.date(2026, 11, 21)


def test_a_record_comes_back_out_of_a_description() -> None:
    record = PlanRecord.of(PLAN, "dev", "my-app", "octocat")
    body = review.description(
        record, PLAN, "raw", PullRequestText("Create", {"owner": "team-web"}, sections=("### More",))
    )
    assert review.read_record(body) == record
    record.require(PLAN)


def test_a_description_says_that_its_checks_wait_for_somebody_who_starts_them() -> None:
    body = review.description(
        PlanRecord.of(PLAN, "dev", "my-app", "octocat"), PLAN, "raw", PullRequestText("Create", {})
    )
    assert "its checks do not start by themselves" in body
    assert "*Approve workflows to run*" in body
    assert "Do not close and reopen the pull request" in body


def test_a_record_cannot_end_the_comment_that_it_is_in() -> None:
    record = PlanRecord("dev", "my-app", "x", (), "--><script>")
    assert review.record_comment(record).count("-->") == 1
    assert review.read_record(review.record_comment(record)) == record


@pytest.mark.parametrize(
    "change",
    [
        ("| create | a.b |", "| read | a.b |"),
        ("by its digest `sha256:", "by its digest `sha256:0"),
        ("nothing is applied, and this pull request says why.", ""),
    ],
)
def test_a_description_that_shows_another_plan_than_the_one_to_apply_is_refused(change: tuple[str, str]) -> None:
    record = PlanRecord.of(PLAN, "dev", "my-app", "octocat")
    body = review.description(record, PLAN, "raw", PullRequestText("Create", {}))
    review.require_plan_shown(record, PLAN, body.replace("\n", "\r\n"))
    with pytest.raises(PlanDrifted, match="the pull request did not show the plan that would be applied"):
        review.require_plan_shown(record, PLAN, body.replace(*change))


def test_what_is_left_of_a_plan_that_was_shown_whole_is_known_by_its_digest() -> None:
    more = PlannedChange("c.d", "d", ("create",), None, {"name": "x"})
    record = PlanRecord.of(TerraformPlan("1.11.4", (*PLAN.changes, more)), "dev", "my-app", "octocat")
    body = review.description(
        record, TerraformPlan("1.11.4", (*PLAN.changes, more)), "raw", PullRequestText("Create", {})
    )
    review.require_plan_shown(record, PLAN, body)


RECORD = review.record_comment(PlanRecord("dev", "my-app", "sha256:x", (), "octocat"))


@pytest.mark.parametrize(
    "body", ["", RECORD + RECORD, "<!-- goldenpath-plan: {} -->", '<!-- goldenpath-plan: {"environment": 1} -->']
)
def test_a_description_without_one_whole_record_is_refused(body: str) -> None:
    with pytest.raises(PlanDrifted, match="does not say which plan was reviewed"):
        review.read_record(body)


def test_a_record_without_a_digest_is_refused() -> None:
    with pytest.raises(PlanDrifted, match="does not say which plan was reviewed"):
        review.read_record(RECORD).require(PLAN)


def test_a_raw_plan_cannot_leave_its_fold_and_a_long_one_is_cut() -> None:
    assert review.collapsible("TerraformPlan", "a\n```\nb").count("````") == 2
    record = PlanRecord.of(PLAN, "dev", "my-app", "octocat")
    body = review.description(record, PLAN, "line\n" * LONGEST_TEXT, PullRequestText("Create", {}))
    assert len(body) <= LONGEST_TEXT
    assert review.read_record(body) == record


def described(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    pull = {"number": 7, "merged": True, "merge_commit_sha": "a" * 40, "body": None, "labels": [{"name": "l"}],
            "base": {"ref": "development", "sha": "c" * 40}, "user": {"login": "bot"}, "commits": 1, "changed_files": 3,
            "created_at": "2026-11-20T23:59:59Z", "title": "Create it",
            "head": {"ref": "x", "sha": "b" * 40, "repo": {"full_name": "o/p"}}}  # fmt: skip
    return {**pull, **changes}


def test_a_merged_pull_request_is_read_from_its_description() -> None:
    assert MergedPullRequest.read(described(), "o/p", "l", "development") == MergedPullRequest(
        7, "a" * 40, "b" * 40, "", "bot", dt.date(2026, 11, 20), "Create it", "x", "c" * 40, 1, 3
    )


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, "it was not merged; it is not labelled `l`; it goes into '', not development; it comes from a fork"),
        (described(merged=False), "it was not merged"),
        (described(labels=None), "it is not labelled `l`"),
        (described(base={"ref": "main"}), "it goes into 'main', not development"),
        (described(merge_commit_sha=None), "it names no merge commit"),
        (described(head={"ref": "x", "repo": {"full_name": "o/p"}}), "it names no commit of its branch"),
        (described(created_at="today"), "it does not say when it was opened"),
        (described(base={"ref": "development"}), "it names no commit of the branch that it goes into"),
        (described(commits=None), "it does not say how many commits and files it changes"),
        (described(head={"ref": "x", "repo": {"full_name": "outsider/p"}}), "it comes from a fork"),
        (described(head={"ref": "x", "repo": None}), "it comes from a fork"),
    ],
)
def test_what_is_not_to_be_applied_is_refused_with_every_reason(told: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput) as refused:
        MergedPullRequest.read(told, "o/p", "l", "development")
    assert refused.value.why == why


@pytest.mark.parametrize(
    "other", [ChangedEntry("test", "my-app", EntryAction.WRITTEN), ChangedEntry("dev", "x", EntryAction.WRITTEN),
              ChangedEntry("dev", "my-app", EntryAction.REMOVED)]
)  # fmt: skip
def test_a_plan_belongs_to_one_change_of_one_registry_in_one_environment(other: ChangedEntry) -> None:
    record = PlanRecord.of(PLAN, "dev", "my-app", "octocat")
    entries.require_one((ChangedEntry("dev", "my-app", EntryAction.WRITTEN),), record)
    entries.require_one((), record)
    with pytest.raises(PlanDrifted, match="the reviewed plan belongs to another change"):
        entries.require_one((other,), record)


def test_a_removal_takes_its_entry_out_in_the_same_change() -> None:
    with pytest.raises(PlanDrifted) as refused:
        entries.require_one((), PlanRecord.of(PLAN, "dev", "my-app", "octocat", removal=True))
    assert refused.value.fix == "nothing was applied; put the entry back, then start retire-ecr-registry again"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"mutability": "IMMUTABLE"}, ("tag mutability is IMMUTABLE, not MUTABLE",)),
        ({"encryption": "KMS"}, ("encryption is KMS, not AES256",)),
        ({"scan_on_push": False}, ("images are not scanned on push",)),
        ({"lifecycle": ""}, ("there is no lifecycle policy",)),
        ({"tags": {**TAGS, "goldenpath.idp/owner": ""}}, ("tag goldenpath.idp/owner is missing, not team-web",)),
    ],
)
def test_every_deviation_from_the_entry_is_told(change: dict[str, Any], told: tuple[str, ...]) -> None:
    assert compliance.deviations(REGISTRY, LOW, EcrDescription(**{**GOOD, **change})) == told


def test_a_deprecated_registry_that_takes_pushes_deviates() -> None:
    leaving = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW, deprecated_since="2026-01-01")
    assert compliance.deviations(leaving, LOW, EcrDescription(**GOOD)) == (
        "pushes are not refused, though it is deprecated",
    )
    assert compliance.deviations(leaving, LOW, EcrDescription(**GOOD, policy=REFUSES_PUSH), REFUSES_PUSH) == ()
    assert compliance.deviations(leaving, LOW, None) == ("the repository does not exist",)


def test_a_policy_that_nobody_described_deviates() -> None:
    opened = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}'
    assert compliance.deviations(REGISTRY, LOW, EcrDescription(**GOOD, policy=opened)) == (
        'its repository policy has a statement that is not described: Allow ecr:* to "*"',
    )


def test_a_plan_that_was_reviewed_by_an_earlier_version_is_reviewed_again() -> None:
    written = review.record_comment(PlanRecord.of(PLAN, "dev", "my-app", "octocat"))
    old = re.sub(r',"form":\d+', "", written)
    assert old != written
    with pytest.raises(PlanDrifted) as refused:
        review.read_record(old).require(PLAN)
    assert refused.value.fix.startswith("nothing was applied; run the wizard again for this registry")


def test_the_estimate_is_images_times_size_times_price() -> None:
    assert proposal.monthly_usd(20, 500) == pytest.approx(1.0)
    assert "Keeping 50 images of about 250 MB costs at most 1.25 USD a month" in proposal.storage_cost(50)


def test_a_description_from_before_signs_were_recorded_is_read_as_showing_none() -> None:
    old = '<!-- goldenpath-plan: {"environment":"dev","name":"a","digest":"d","parts":[],"requester":"o"} -->'
    assert review.read_record(old) == PlanRecord("dev", "a", "d", (), "o", signs=())


def test_the_report_leads_with_the_share_that_complies_and_tells_it_by_owner() -> None:
    other = RegistryEntry("dev", "b-app", "REGISTRY_B_APP", "team-b", Risk.LOW)
    seen = (
        RegistryReport(REGISTRY, (), images=3, severe=2),
        RegistryReport(other, ("images are not scanned on push",)),
    )
    text = hygiene.report(
        [EnvironmentReport("dev", seen, ("by-hand",)), EnvironmentReport("prod", not_inspected="no role leads there")]
    )
    assert text.startswith("**Registries that comply with every rule: 1 of 2 (50 %).**")
    assert "| team-b | 0 of 1 (0 %) | 0 |\n| team-web | 1 of 1 (100 %) | 2 |" in text
    assert "- `b-app`: images are not scanned on push\n- `by-hand` is in ECR, but not in envs/dev/ecr.tf" in text
    assert "### prod\n\nNot looked at: no role leads there" in text
    assert hygiene.compliance_rate(()) == "none to look at"


def access(**variables: str) -> EnvironmentAccess:
    return EnvironmentAccess(Path("checkout"), Path("work"), variables, RoleKind.PLAN)


def test_an_environment_has_a_bucket_of_its_own_or_the_common_one() -> None:
    common = {"GOLDENPATH_STATE_BUCKET": "common", "GOLDENPATH_STATE_BUCKET_PROD": "prod-only"}
    assert [access(**common).workspace(each).bucket for each in ("dev", "prod")] == ["common", "prod-only"]
    with pytest.raises(BadInput, match="`state_bucket` is missing"):
        access().workspace("dev")


def test_a_role_that_is_none_is_refused_and_one_environments_role_leads_nowhere_else() -> None:
    found = access(TF_AWS_PLAN_ROLE_DEV="not an arn", GOLDENPATH_STATE_BUCKET="b")
    with pytest.raises(BadInput, match="no role leads into prod"):
        found.workspace("prod")
    with pytest.raises(BadInput, match="the role of dev cannot be used"):
        found.workspace("dev")
    assert (found.reaches("dev"), found.reaches("prod"), access().reaches("prod")) == (True, False, True)


def test_a_job_that_may_ask_for_tokens_has_no_login_of_its_own() -> None:
    assert not access(ACTIONS_ID_TOKEN_REQUEST_URL="https://example.com").reaches("dev")
