from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from tests.unit.registries.terraform.test_plan_json import document

from goldenpath.registries.terraform import plans
from goldenpath.registries.terraform.locks import LockedProvider
from goldenpath.registries.terraform.plan_json import parse_plan
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan
from goldenpath.shared.errors import PlanDrifted, PlanUnexpected
from goldenpath.shared.names import Digest

REPOSITORY = 'module.ecr_repositories["my-app"].aws_ecr_repository.this'
POLICY = 'module.ecr_repositories["my-app"].aws_ecr_lifecycle_policy.this'


def change(address: str = REPOSITORY, *actions: str, **more: Any) -> PlannedChange:  # noqa: ANN401  any value
    return PlannedChange(
        address, address.split(".")[-2], actions or ("create",), **{"after": {"name": "my-app"}, **more}
    )


def plan(*changes: PlannedChange, drift: tuple[PlannedChange, ...] = ()) -> TerraformPlan:
    return TerraformPlan("1.11.4", changes, drift)


READ = {"values": {"root_module": {"child_modules": [{"resources": [
    {"address": "module.x.data.external.y", "type": "external", "mode": "data"},
    {"address": "module.x.aws_ecr_repository.this", "type": "aws_ecr_repository", "mode": "managed"},
]}]}}}  # fmt: skip
PROVIDER = {"provider_config": {"aws": {"full_name": "elsewhere/aws", "expressions": {}}}}
HOSTILE: dict[str, dict[str, Any]] = {
    "a data source that was read while planning": {"prior_state": READ},
    "a data source that the apply reads": {"resource_changes": []},
    "another provider": {"configuration": PROVIDER},
    "a provisioner": {"configuration": {"root_module": {"resources": [{"provisioners": [{"type": "local-exec"}]}]}}},
    "another variable": {"variables": {"allowed_account_ids": {"value": ["1"]}}},
}


@pytest.mark.parametrize("more", HOSTILE.values(), ids=HOSTILE)
def test_the_digest_depends_on_what_is_read_and_on_the_configuration(more: dict[str, Any]) -> None:
    found = parse_plan(json.dumps(document(**more)).encode())
    assert plans.plan_digest(found, "dev") != plans.plan_digest(parse_plan(json.dumps(document()).encode()), "dev")


def test_what_is_left_of_a_reviewed_plan_was_made_of_the_same_configuration() -> None:
    whole = dataclasses.replace(plan(change(), change(POLICY)), configuration="reviewed")
    reviewed, parts = plans.plan_digest(whole, "dev"), plans.change_digests(whole, "dev")
    plans.require_reviewed(dataclasses.replace(whole, changes=(change(POLICY),)), "dev", reviewed, parts)
    other = dataclasses.replace(whole, changes=(change(POLICY),), configuration="another")
    with pytest.raises(PlanDrifted):
        plans.require_reviewed(other, "dev", reviewed, parts)


def test_the_digest_does_not_depend_on_order_time_or_version() -> None:
    one, two = change(REPOSITORY), change(POLICY)
    later = parse_plan(json.dumps(document(timestamp="later", terraform_version="1.12.0")).encode())
    assert plans.plan_digest(plan(one, two), "dev") == plans.plan_digest(plan(two, one), "dev")
    assert plans.plan_digest(later, "dev") == plans.plan_digest(parse_plan(json.dumps(document()).encode()), "dev")


def test_the_digest_depends_on_every_part_of_a_change() -> None:
    several = [
        change(),
        change(POLICY),
        change(REPOSITORY, "update"),
        change(before={"name": "old"}),
        change(after={"name": "new"}),
        change(provider="elsewhere/aws"),
    ]
    elsewhere = dataclasses.replace(plan(change()), region="us-east-1")
    locks = [
        dataclasses.replace(plan(change()), providers={"hashicorp/aws": LockedProvider(version, hashes)})
        for version, hashes in (("6.49.0", ("h1:one",)), ("6.50.0", ("h1:one",)), ("6.49.0", ("h1:other",)))
    ]
    digests = {plans.plan_digest(plan(each), "dev") for each in several}
    assert len(digests | {plans.plan_digest(each, "dev") for each in (plan(), elsewhere, *locks)}) == 11


def test_the_digest_of_a_known_plan_stays_the_same() -> None:
    assert plans.plan_digest(plan(), "dev") == Digest.of(b'[2, "dev", "", "", [], [], []]')


def test_the_reviewed_plan_passes() -> None:
    plans.require_reviewed(plan(change()), "dev", plans.plan_digest(plan(change()), "dev"))


def test_another_plan_is_refused_with_what_it_would_do() -> None:
    reviewed = plans.plan_digest(plan(change()), "dev")
    with pytest.raises(PlanDrifted, match="The plan is not the one that was reviewed") as refused:
        plans.require_reviewed(plan(change(POLICY, "update"), drift=(change(),)), "dev", reviewed)
    assert refused.value.why == (f"it would now do this: update {POLICY}; changed outside of Terraform: {REPOSITORY}")


def test_a_plan_for_one_registry_does_not_reach_beyond_it() -> None:
    plans.require_only(plan(change(), change(POLICY, "delete", "create")), "my-app")
    other = 'module.ecr_repositories["my-app2"].aws_ecr_repository.this'
    with pytest.raises(PlanUnexpected, match="the plan for my-app would change"):
        plans.require_only(plan(change(), change(other)), "my-app")


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
def test_a_plan_that_destroys_a_repository_is_refused_unless_that_was_asked(actions: tuple[str, ...]) -> None:
    lost = plan(change(REPOSITORY, *actions))
    with pytest.raises(PlanUnexpected, match="every image in it would be lost"):
        plans.require_only(lost, "my-app")
    plans.require_only(lost, "my-app", may_destroy=True)


def test_every_target_is_an_address_of_the_root_module() -> None:
    assert plans.target("team/my-app") == 'module.ecr_repositories["team/my-app"]'


def test_a_digest_belongs_to_one_environment() -> None:
    assert plans.plan_digest(plan(change()), "dev") != plans.plan_digest(plan(change()), "prod")
    with pytest.raises(PlanDrifted):
        plans.require_reviewed(plan(change()), "prod", plans.plan_digest(plan(change()), "dev"))


def test_what_is_left_of_a_reviewed_plan_is_let_through_and_nothing_more() -> None:
    whole = plan(change(), change(POLICY))
    reviewed, parts = plans.plan_digest(whole, "dev"), plans.change_digests(whole, "dev")
    plans.require_reviewed(plan(change(POLICY)), "dev", reviewed, parts)
    for other in (plan(change(POLICY, "update")), plan(change(POLICY), change(POLICY, "delete")), plan()):
        with pytest.raises(PlanDrifted):
            plans.require_reviewed(other, "dev", reviewed, parts)
    with pytest.raises(PlanDrifted):
        plans.require_reviewed(plan(change(POLICY)), "prod", reviewed, parts)


REPLACED = change(POLICY, "delete", "create", before={"policy": "old"}, after={"policy": "new"})
UPDATED = change(REPOSITORY, "update", before={"a": 1, "b": 1}, after={"a": 2, "b": 2})


def interrupted(now: TerraformPlan, whole: TerraformPlan, environment: str = "dev") -> None:
    """Raise `PlanDrifted` unless `now` is what an interrupted apply of `whole` may have left."""
    reviewed, parts = plans.plan_digest(whole, "dev"), plans.change_digests(whole, "dev")
    plans.require_reviewed(now, environment, reviewed, parts, plans.ending_digests(whole, "dev"))


@pytest.mark.parametrize(
    "left",
    [
        (change(POLICY, "create", after={"policy": "new"}), UPDATED),
        (change(POLICY, "create", after={"policy": "new"}),),
        (dataclasses.replace(UPDATED, before={"a": 2, "b": 1}), REPLACED),
    ],
)
def test_the_rest_of_a_change_is_part_of_it_after_an_interrupted_apply(left: tuple[PlannedChange, ...]) -> None:
    whole = plan(REPLACED, UPDATED)
    interrupted(plan(*left), whole)
    with pytest.raises(PlanDrifted):
        plans.require_reviewed(plan(*left), "dev", plans.plan_digest(whole, "dev"), plans.change_digests(whole, "dev"))


@pytest.mark.parametrize(
    "smuggled",
    [
        change(POLICY, "create", after={"policy": "another"}),
        change(POLICY, "create", after={"policy": "new"}, provider="elsewhere/aws"),
        change(POLICY, "update", before={"policy": "x"}, after={"policy": "new"}),
        change(POLICY, "delete", before={"policy": "old"}, after=None),
        change(POLICY.replace("my-app", "other"), "create", after={"policy": "new"}),
        change(REPOSITORY, "update", before={"a": 2}, after={"a": 3}),
        change(REPOSITORY, "create", after={"a": 2, "b": 2}),
        change(REPOSITORY, "delete", "create", before={"a": 2}, after={"a": 2, "b": 2}),
        dataclasses.replace(UPDATED, imports="my-app"),
        dataclasses.replace(UPDATED, moved_from="aws_ecr_repository.old"),
    ],
)
def test_nothing_else_is_applied_as_the_rest_of_an_interrupted_apply(smuggled: PlannedChange) -> None:
    with pytest.raises(PlanDrifted):
        interrupted(plan(smuggled), plan(REPLACED, UPDATED))


def test_the_rest_of_an_interrupted_apply_is_of_the_same_environment_and_configuration() -> None:
    left, whole = plan(change(POLICY, "create", after={"policy": "new"})), plan(REPLACED)
    interrupted(left, whole)
    with pytest.raises(PlanDrifted):
        interrupted(left, whole, "prod")
    with pytest.raises(PlanDrifted):
        interrupted(dataclasses.replace(left, configuration="another"), whole)
    with pytest.raises(PlanDrifted):
        interrupted(plan(), whole)


def test_an_import_and_a_move_are_part_of_the_digest_and_described() -> None:
    kept = change(REPOSITORY, "no-op", before={"name": "my-app"})
    imported, moved = (
        dataclasses.replace(kept, imports="my-app"),
        dataclasses.replace(kept, moved_from="aws_ecr_repository.old"),
    )
    several = [kept, imported, moved, dataclasses.replace(moved, moved_from="aws_ecr_repository.other")]
    assert len({plans.plan_digest(plan(one), "dev") for one in several}) == 4
    assert [one.description for one in several] == ["no-op", "import", "move", "move"]
    assert dataclasses.replace(imported, actions=("update",)).description == "import and update"


@pytest.mark.parametrize(
    ("more", "is_ours"),
    [
        ({"imports": "my-app"}, True),
        ({"imports": "other"}, False),
        ({"imports": ""}, False),
        ({"imports": "my-app", "before": {"name": "other"}}, False),
        ({"moved_from": "aws_ecr_repository.old"}, True),
        ({"moved_from": 'module.ecr_repositories["other"].aws_ecr_repository.this'}, False),
        ({"moved_from": 'module.ecr_repositories["my-app"].aws_ecr_repository.old'}, True),
        ({"moved_from": "aws_ecr_repository.old", "before": {"name": "other"}}, False),
    ],
)
def test_only_the_registry_under_review_is_imported_or_moved(more: dict[str, Any], *, is_ours: bool) -> None:
    taken = plan(change(REPOSITORY, "no-op", **{"before": {"name": "my-app"}, **more}))
    if is_ours:
        plans.require_only(taken, "my-app")
    else:
        with pytest.raises(PlanUnexpected, match="which is not this registry's"):
            plans.require_only(taken, "my-app")


def test_what_an_apply_made_and_could_not_read_is_known_for_its_registry_alone() -> None:
    tainted = change(REPOSITORY, "delete", "create", is_tainted=True)
    other = change(REPOSITORY.replace("my-app", "other"), "delete", "create", is_tainted=True)
    assert plans.tainted(plan(tainted, other, change(POLICY)), "my-app") == (REPOSITORY,)


def test_what_is_left_of_an_import_with_an_update_is_one_of_both_or_neither_saved() -> None:
    reviewed = dataclasses.replace(UPDATED, imports="my-app")
    for left in (
        UPDATED,
        dataclasses.replace(reviewed, before={"a": 2, "b": 1}),
        dataclasses.replace(reviewed, actions=("no-op",), before=UPDATED.after),
    ):
        interrupted(plan(left), plan(reviewed))
    with pytest.raises(PlanDrifted):
        interrupted(plan(dataclasses.replace(reviewed, imports="other")), plan(reviewed))
