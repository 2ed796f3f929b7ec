from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from goldenpath.registries.terraform import plans
from goldenpath.registries.terraform.locks import LockedProvider
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan, parse_plan
from goldenpath.shared.errors import PlanDrifted, PlanUnexpected, TerraformFailed
from goldenpath.shared.names import Digest

REPOSITORY = 'module.ecr_repositories["my-app"].aws_ecr_repository.this'
POLICY = 'module.ecr_repositories["my-app"].aws_ecr_lifecycle_policy.this'


def change(address: str = REPOSITORY, *actions: str, **more: Any) -> PlannedChange:  # noqa: ANN401  any value
    return PlannedChange(
        address, address.split(".")[-2], actions or ("create",), **{"after": {"name": "my-app"}, **more}
    )


def plan(*changes: PlannedChange, drift: tuple[PlannedChange, ...] = ()) -> TerraformPlan:
    return TerraformPlan("1.11.4", changes, drift)


def document(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    listed = [
        {
            "address": REPOSITORY,
            "type": "aws_ecr_repository",
            "change": {"actions": ["create"], "after": {"name": "x"}},
        },
        {"address": "a.b", "type": "a", "change": {"actions": ["no-op"]}},
        {"address": "data.c", "type": "c", "change": {"actions": ["read"]}},
    ]
    whole = {"format_version": "1.2", "terraform_version": "1.11.4", "timestamp": "now", "resource_changes": listed}
    return {**whole, **more}


def test_a_plan_is_read_without_what_does_not_change() -> None:
    found = parse_plan(json.dumps(document()).encode())
    assert found.changes == (PlannedChange(REPOSITORY, "aws_ecr_repository", ("create",), None, {"name": "x"}),)
    assert (found.terraform_version, found.drift, found.reads) == ("1.11.4", (), ("data.c",))


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


def test_a_plan_tells_the_repository_policies_that_it_describes() -> None:
    resource = {"address": "a", "type": "aws_ecr_repository_policy", "values": {"repository": "my-app", "policy": "{}"}}
    unknown = {"address": "b", "type": "aws_ecr_repository_policy", "values": {"repository": "other"}}
    values = {"root_module": {"child_modules": [{"resources": [resource, unknown]}]}}
    found = parse_plan(json.dumps(document(planned_values=values)).encode())
    assert found.repository_policies == {"my-app": "{}"}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "Input data was truncated"),
        (b"{}", "Object missing required field `format_version`"),
        (json.dumps(document(format_version="2.0")).encode(), "its format is 2.0, and we know 1.x"),
        (json.dumps(document(errored=True)).encode(), "planning ended with an error, so it is not whole"),
        (json.dumps(document(resource_changes=[{}])).encode(), "Object missing required field `address`"),
    ],
)
def test_a_plan_that_is_not_whole_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(TerraformFailed, match="plan cannot be read") as refused:
        parse_plan(raw)
    assert refused.value.why.startswith(why)


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
