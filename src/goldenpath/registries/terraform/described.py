"""Refuse to change a registry whose repository policy at ECR nobody described: the change could overwrite it.

Terraform does not look before it creates a policy: `SetRepositoryPolicy` replaces whatever is there, like the statement
that Lambda's console adds by itself. So ECR is asked each time a plan is made, for the proposal and for the apply
(docs/adr/0047-who-may-pull-and-adoption.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.registries import policies
from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.terraform import plans
from goldenpath.shared.errors import PolicyNotDescribed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.policies import Undescribed
    from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan


def require_policy_described(plan: TerraformPlan, environment: str, name: str, variables: Mapping[str, str]) -> None:
    """Refuse with `PolicyNotDescribed` a change of a repository whose policy has statements that nobody described.

    Raises the errors of asking ECR, which is done only where the plan changes a repository that is there.
    """
    # Also where the plan does not touch the policy: the apply would be done, and then not be handed over.
    is_new = any(change.kind == plans.REPOSITORY and "create" in change.actions for change in plan.changes)
    repository = PlatformEcr(variables).describe(name) if plan.changes and not is_new else None
    if repository and (lost := lost_statements(plan, name, repository)):
        raise _not_described(environment, name, lost)


def lost_statements(plan: TerraformPlan, name: str, repository: EcrDescription) -> tuple[Undescribed, ...]:
    """Return the statements of the policy of `repository` that neither `plan` nor its state describes."""
    planned, known = plan.repository_policies.get(name, ""), _described_before(plan, name)
    try:
        return policies.undescribed(repository.policy, planned, repository.account, known)
    except ValueError as error:
        return (policies.Undescribed(str(error), {}),)


def replaced_statements(plan: TerraformPlan, name: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return, in words, the statements at ECR that `plan` replaces, so that a review shows them."""
    repository = PlatformEcr(variables).describe(name) if _policy_change(plan) else None
    return policies.replaced(repository.policy, plan.repository_policies.get(name, "")) if repository else ()


def _policy_change(plan: TerraformPlan) -> PlannedChange | None:
    return next((change for change in plan.changes if change.kind == plans.REPOSITORY_POLICY), None)


def _described_before(plan: TerraformPlan, name: str) -> str:
    """Return the policy that Terraform itself wrote last; empty for none."""
    # `before` of a change has what ECR has now. What the state had is `before` of the drift, where there is one.
    own = f"{plans.target(name)}."
    drift = [item for item in plan.drift if item.kind == plans.REPOSITORY_POLICY and item.address.startswith(own)]
    change = drift[0] if drift else _policy_change(plan)
    before = change.before if change else None
    return str(before.get("policy") or "") if isinstance(before, dict) else ""


def _not_described(environment: str, name: str, lost: tuple[Undescribed, ...]) -> PolicyNotDescribed:
    settings = policies.merged_setting(lost)
    ways = [f"Add {settings} to the entry of {name} in envs/{environment}/ecr.tf"] if settings else []
    if not all(statement.fields for statement in lost):
        ways.append("For a statement that no field can say, use `repository_policy_json` as docs/registries.md shows")
    ways.append("Remove at ECR what nobody needs, then run again")
    return PolicyNotDescribed(
        f"ECR has a repository policy for {name} in {environment} that is not described",
        why=f"Nobody described this, and it could be lost: {'; '.join(statement.statement for statement in lost)}",
        fix=". ".join(ways),
    )
