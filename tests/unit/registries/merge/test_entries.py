from __future__ import annotations

import pytest

from goldenpath.registries.merge import entries
from goldenpath.registries.merge.entries import ChangedEntry, EntryAction
from goldenpath.registries.review import PlanRecord
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan
from goldenpath.shared.errors import PlanDrifted

PLAN = TerraformPlan(
    "1.11.4", (PlannedChange("a.b", "b", ("create",), None, {"name": "my-app", "empty": "", "tags": {"a": "|x|"}}),)
)


@pytest.mark.parametrize(
    "other", [ChangedEntry("test", "my-app", EntryAction.WRITTEN), ChangedEntry("dev", "x", EntryAction.WRITTEN),
              ChangedEntry("dev", "my-app", EntryAction.REMOVED)]
)  # fmt: skip
def test_a_plan_belongs_to_one_change_of_one_registry_in_one_environment(other: ChangedEntry) -> None:
    record = PlanRecord.of(PLAN, "dev", "my-app", "octocat")
    entries.require_one((ChangedEntry("dev", "my-app", EntryAction.WRITTEN),), record)
    entries.require_one((), record)
    with pytest.raises(PlanDrifted, match="The reviewed plan belongs to another change"):
        entries.require_one((other,), record)


def test_a_removal_takes_its_entry_out_in_the_same_change() -> None:
    with pytest.raises(PlanDrifted) as refused:
        entries.require_one((), PlanRecord.of(PLAN, "dev", "my-app", "octocat", removal=True))
    assert refused.value.fix == "Nothing was applied; put the entry back, then start retire-ecr-registry again"
