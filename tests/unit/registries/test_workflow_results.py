"""What the commands of the platform's workflows report to scripts."""

from __future__ import annotations

from typing import Any, cast

import pytest

from goldenpath.registries import workflow_results
from goldenpath.registries.apply import Applied, ApplyRefusal, ApplyRequest, ApplyRequests
from goldenpath.registries.github.repository import GithubThread
from goldenpath.registries.hygiene import EnvironmentReport, RegistryReport
from goldenpath.registries.proposal import ProposalResult
from goldenpath.registries.review import PlanRecord
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan
from goldenpath.registries.workflow_results import (
    AppliedChange,
    AppliedRegistry,
    EnvironmentHygiene,
    HygieneReport,
    MergedRegistries,
    RegistryNotApplied,
    RegistryProposal,
    RegistryToApply,
)
from goldenpath.shared.errors import PlanDrifted

RECORD = PlanRecord("dev", "my-app", "sha256:x", (), "octocat")
REMOVAL = PlanRecord("prod", "old", "sha256:y", (), "octocat", removal=True)
THREAD = GithubThread(7, "https://github.com/o/p/pull/7", is_new=True)
CREATED = TerraformPlan("1.15.0", (PlannedChange("aws_ecr_repository.a", "aws_ecr_repository", ("create",)),))
DRIFTED = PlanDrifted("The plan is another one", why="it was edited", fix="Run it again")


@pytest.mark.parametrize(
    ("found", "reported"),
    [
        (ApplyRequests(), MergedRegistries((), (), ())),
        (
            ApplyRequests(refusals=(ApplyRefusal(8, DRIFTED),)),
            MergedRegistries((), (RegistryNotApplied(8, "plan-drifted", "The plan is another one"),), ()),
        ),
        (
            ApplyRequests((ApplyRequest(7, RECORD), ApplyRequest(9, REMOVAL)), notes=("a note",)),
            MergedRegistries(
                (RegistryToApply(7, "dev", "my-app", removal=False), RegistryToApply(9, "prod", "old", removal=True)),
                (),
                ("a note",),
            ),
        ),
    ],
    ids=["nothing", "refused", "to apply and to remove"],
)
def test_a_push_reports_what_is_applied_and_what_is_refused(found: ApplyRequests, reported: MergedRegistries) -> None:
    assert workflow_results.of_push(found) == reported


@pytest.mark.parametrize(
    ("record", "plan", "changes"),
    [
        (REMOVAL, TerraformPlan("1.15.0"), ()),
        (RECORD, CREATED, (AppliedChange("create", "aws_ecr_repository.a"),)),
    ],
    ids=["nothing was left to do", "created"],
)
def test_an_apply_reports_its_changes(
    record: PlanRecord, plan: TerraformPlan, changes: tuple[AppliedChange, ...]
) -> None:
    assert workflow_results.of_apply(7, Applied(record, plan)) == AppliedRegistry(
        7, record.environment, record.name, record.removal, record.digest, changes
    )


@pytest.mark.parametrize("is_new", [False, True])
def test_a_proposal_reports_its_pull_request_and_whether_it_was_opened(*, is_new: bool) -> None:
    thread = GithubThread(THREAD.number, THREAD.url, is_new)
    assert workflow_results.of_proposal(ProposalResult(thread, REMOVAL, "seal-7")) == RegistryProposal(
        environment="prod", name="old", pull_request=7, url=THREAD.url, opened=is_new, removal=True,
        plan_digest="sha256:y", seal="seal-7",
    )  # fmt: skip


def test_the_report_counts_what_complies_and_says_what_was_not_inspected() -> None:
    good, bad = (RegistryReport(cast("Any", None), broken) for broken in ((), ("its tags can be moved",)))
    reports = [
        EnvironmentReport("dev", (good, bad), drift=("update a.b",)),
        EnvironmentReport("prod", not_inspected="no role leads there"),
    ]
    assert workflow_results.of_hygiene(THREAD, reports) == HygieneReport(
        issue=7,
        url=THREAD.url,
        opened=True,
        environments=(
            EnvironmentHygiene("dev", 2, 1, ("update a.b",), ""),
            EnvironmentHygiene("prod", 0, 0, (), "no role leads there"),
        ),
    )
