from __future__ import annotations

import json
import re
from typing import Any

import pytest

from goldenpath.registries import review
from goldenpath.registries.github.repository import LONGEST_TEXT
from goldenpath.registries.review import PlanRecord, PullRequestText
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan
from goldenpath.shared.errors import PlanDrifted

PLAN = TerraformPlan(
    "1.11.4", (PlannedChange("a.b", "b", ("create",), None, {"name": "my-app", "empty": "", "tags": {"a": "|x|"}}),)
)


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
    with pytest.raises(PlanDrifted, match="The pull request did not show the plan that would be applied"):
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


def test_a_plan_that_was_reviewed_by_an_earlier_version_is_reviewed_again() -> None:
    written = review.record_comment(PlanRecord.of(PLAN, "dev", "my-app", "octocat"))
    old = re.sub(r',"form":\d+', "", written)
    assert old != written
    with pytest.raises(PlanDrifted) as refused:
        review.read_record(old).require(PLAN)
    assert refused.value.fix.startswith("Nothing was applied; run the wizard again for this registry")


def test_a_description_from_before_signs_were_recorded_is_read_as_showing_none() -> None:
    old = '<!-- goldenpath-plan: {"environment":"dev","name":"a","digest":"d","parts":[],"requester":"o"} -->'
    assert review.read_record(old) == PlanRecord("dev", "a", "d", (), "o", signs=())


RULES = json.dumps({"rules": [{"rulePriority": 1, "description": "Untagged images go after 7 days"},
                              {"rulePriority": 2, "description": "The newest 20 stay"}]})  # fmt: skip
DENIED = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": ["ecr:PutImage", "ecr:UploadLayerPart"]}]})  # fmt: skip


def shown(before: Any, after: Any) -> str:  # noqa: ANN401  any value of JSON
    """Return the cell of values."""
    table = review.changes_table(TerraformPlan("1", (PlannedChange("a.b", "kind", ("update",), before, after),)))
    return table.splitlines()[2].removeprefix("| update | a.b | ").removesuffix(" |")


@pytest.mark.parametrize(
    ("before", "after", "cell"),
    [
        (None, {"name": "my-app", "id": None, "list": []}, "name = my-app"),
        (None, {"tags": {"owner": "team-web", "risk": "low"}}, "tags: owner = team-web, risk = low"),
        ({"tags": {"a": "1", "b": "2"}}, {"tags": {"a": "1", "c": "3"}}, "tags: c = 3, no b"),
        ({"tags": {}}, {"tags": {}, "tags_all": {"a": "1"}}, "-"),
        (None, {"scanning": [{"scan_on_push": True, "key": None}]}, "scan\\_on\\_push = true"),
        (None, {"policy": RULES}, "policy: Untagged images go after 7 days. The newest 20 stay"),
        (None, {"policy": DENIED}, "policy: Deny ecr:PutImage, ecr:UploadLayerPart to \\*"),
        (None, {"policy": '{"else": 1}'}, 'policy = {"else": 1}'),
        (None, {"policy": '{"rules": [1]}'}, 'policy = {"rules": \\[1\\]}'),
        (None, {"filters": ["a", "b"], "keep": 3}, "filters = a, b; keep = 3"),
        ({"name": "my-app"}, {"name": "my-app", "policy": "x"}, "policy = x"),
        ({"name": "my-app"}, None, "-"),
        (None, {"tags": {"a": "|x|"}}, "tags: a = \\|x\\|"),
    ],
)
def test_values_are_told_in_few_words_and_never_as_markup(before: Any, after: Any, cell: str) -> None:  # noqa: ANN401
    assert shown(before, after) == cell


def test_a_long_value_is_cut() -> None:
    assert len(shown(None, {"name": "x" * 1000})) == 400


def test_a_plan_of_nothing_says_so() -> None:
    assert review.changes_table(TerraformPlan("1", ())) == "Nothing: it is as it is described."


def test_what_was_changed_behind_terraforms_back_is_told() -> None:
    change = PlannedChange("a.b", "kind", ("update",), None, {"x": "1"})
    assert review.changes_table(TerraformPlan("1", (change,), (change,))).endswith(
        "\n\nChanged outside of Terraform since: a.b."
    )


def test_what_a_plan_reads_is_shown_to_the_reviewer() -> None:
    change = PlannedChange("a.b", "kind", ("update",), None, {"x": "1"})
    told = review.changes_table(TerraformPlan("1", (change,), reads=("data.external.x",)))
    assert told.endswith("\n\nData sources that it reads: data.external.x.")
