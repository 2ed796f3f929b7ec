"""The story of one change: the registry is known, its plan is made, read, and done only if it is the reviewed one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from goldenpath.errors import PlanUnexpected
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.terraform import plans, provider_lock, state_key, which
from goldenpath.registries.terraform.program import Terraform, s3_backend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.model.names import Digest
    from goldenpath.registries.terraform.plan_json import Plan


@dataclass(frozen=True)
class Workplace:
    """Where an environment is planned: its folder in `checkout`, its state in `bucket`, our files in `work_dir`.

    `variables` are this process's own, for Terraform to find AWS by.
    """

    checkout: Path
    environment: str
    bucket: str
    region: str
    work_dir: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    lock_seconds: int = 60

    @property
    def terraform(self) -> Terraform:
        """Terraform in the environment's folder; its working files stay out of the checkout."""
        return Terraform(
            self.checkout.absolute() / "envs" / self.environment,
            self.work_dir.absolute() / "terraform" / self.environment,
            self.variables,
            program=which.find(),
            lock_seconds=self.lock_seconds,
        )

    @property
    def saved(self) -> Path:
        """The file that holds the plan."""
        return self.work_dir.absolute() / f"{self.environment}.tfplan"


def plan(workplace: Workplace, name: str, *, removal: bool = False) -> Plan:
    """Return the plan for the registry `name` alone, and keep it in the workplace.

    With `removal` the registry must have left `ecr.tf` already; only then may its repository be destroyed. Raises
    `RegistryUnknown`, `PlanUnexpected` or `ProvidersUnlocked` before Terraform is asked, then `PlanUnexpected`,
    `StateLocked`, `TerraformFailed`.
    """
    if removal:
        _require_gone(workplace, name)
    else:
        ecr_tf.find(workplace.checkout, workplace.environment, name)
    key = state_key.load(workplace.checkout, workplace.environment)
    workplace.work_dir.mkdir(parents=True, exist_ok=True)
    terraform = workplace.terraform
    locked = provider_lock.providers(terraform.folder)
    terraform.init(s3_backend(workplace.bucket, key, workplace.region, workplace.variables))
    made = replace(
        terraform.plan(workplace.saved, target=plans.target(name)), region=workplace.region, providers=locked
    )
    plans.require_only(made, name, may_destroy=removal)
    return made


def apply(workplace: Workplace, name: str, reviewed: Digest, *, removal: bool = False) -> Plan:
    """Plan the registry `name` again and do it, if that is the plan with the digest `reviewed`; return the plan.

    A plan with nothing left to do is done already (a run before this one got there). Raises `PlanDrifted` when the plan
    is another one, and all that `plan` raises.
    """
    made = plan(workplace, name, removal=removal)
    if made.changes:
        plans.require_reviewed(made, workplace.environment, reviewed)
        workplace.terraform.apply(workplace.saved)
    return made


def _require_gone(workplace: Workplace, name: str) -> None:
    if any(each.name == name for each in ecr_tf.load(workplace.checkout, workplace.environment)):
        raise PlanUnexpected(
            f"{name} is still described in envs/{workplace.environment}/ecr.tf",
            why="a registry is removed by removing its entry, in a pull request that was reviewed",
            fix="remove the entry first, then plan the removal",
        )
