"""A plan as a reviewer reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath.registries import review
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan

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
