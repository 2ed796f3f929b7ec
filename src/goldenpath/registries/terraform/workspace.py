"""Where an environment is planned and applied."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput, PlanUnexpected
from goldenpath.model.names import Region, RoleArn
from goldenpath.registries.aws import session
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.ecr_tf import read_text, unexpected
from goldenpath.registries.config.hcl import HclUnexpected, read_attributes
from goldenpath.registries.request import known_environment
from goldenpath.registries.terraform import locks, plans, program
from goldenpath.registries.terraform.program import Terraform, s3_backend
from goldenpath.services import oidc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from goldenpath.model.names import Digest
    from goldenpath.registries.terraform.plans import TerraformPlan

LOCK_SECONDS = 60
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
_BUILD_ID = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class TerraformWorkspace:
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
            program=program.find_program(),
            lock_seconds=self.lock_seconds,
        )

    @property
    def saved(self) -> Path:
        """The file that holds the plan."""
        return self.work_dir.absolute() / f"{self.environment}.tfplan"


def plan(workplace: TerraformWorkspace, name: str, *, removal: bool = False) -> TerraformPlan:
    """Return the plan for the registry `name` alone, and keep it in the workplace.

    With `removal` the registry must have left `ecr.tf` already; only then may its repository be destroyed. Raises
    `RegistryUnknown`, `PlanUnexpected` or `ProvidersUnlocked` before Terraform is asked, then `PlanUnexpected`,
    `StateLocked`, `TerraformFailed`.
    """
    if removal:
        _require_gone(workplace, name)
    else:
        ecr_tf.find(workplace.checkout, workplace.environment, name)
    key = load_state_key(workplace.checkout, workplace.environment)
    workplace.work_dir.mkdir(parents=True, exist_ok=True)
    terraform = workplace.terraform
    locked = locks.locked_providers(terraform.folder)
    terraform.init(s3_backend(workplace.bucket, key, workplace.region, workplace.variables))
    made = replace(
        terraform.plan(workplace.saved, target=plans.target(name)), region=workplace.region, providers=locked
    )
    plans.require_only(made, name, may_destroy=removal)
    return made


def apply(workplace: TerraformWorkspace, name: str, reviewed: Digest, *, removal: bool = False) -> TerraformPlan:
    """Plan the registry `name` again and do it, if that is the plan with the digest `reviewed`; return the plan.

    A plan with nothing left to do is done already (a run before this one got there). Raises `PlanDrifted` when the plan
    is another one, and all that `plan` raises.
    """
    made = plan(workplace, name, removal=removal)
    if made.changes:
        plans.require_reviewed(made, workplace.environment, reviewed)
        workplace.terraform.apply(workplace.saved)
    return made


def _require_gone(workplace: TerraformWorkspace, name: str) -> None:
    if any(each.name == name for each in ecr_tf.load(workplace.checkout, workplace.environment)):
        raise PlanUnexpected(
            f"{name} is still described in envs/{workplace.environment}/ecr.tf",
            why="a registry is removed by removing its entry, in a pull request that was reviewed",
            fix="remove the entry first, then plan the removal",
        )


class RoleKind(Enum):
    """What a run may do: the prefix of the variable that names its role."""

    PLAN = "TF_AWS_PLAN_ROLE_"
    APPLY = "TF_AWS_IAM_ROLE_"


@dataclass(frozen=True)
class EnvironmentAccess:
    """Everything but the environment, which some runs find out only on their way.

    `variables` are those of this process; `hide` is told each secret before it is used.
    """

    checkout: Path
    work_dir: Path
    variables: Mapping[str, str]
    power: RoleKind
    hide: Callable[[str], None] = field(default=lambda _: None)
    lock_seconds: int = LOCK_SECONDS

    def reaches(self, environment: str) -> bool:
        """Tell whether a role, or the login of this machine, leads into `environment`.

        A job that may ask for OIDC tokens has no login of its own.
        """
        return bool(self._role(environment)) or not (self._has_roles or oidc.is_offered(self.variables))

    def workplace(self, environment: str) -> TerraformWorkspace:
        """Return `environment` to work in, with credentials for an hour where it has a role.

        Raises `UnknownEnvironment`, `BadInput`, `LoginRefused`.
        """
        known_environment(environment)
        if not self.reaches(environment):
            raise BadInput(
                f"no role leads into {environment}",
                why=f"the secret {self.power.value}{environment.upper()} is not set for this job",
                fix="set it; docs/registries.md says what the role needs",
            )
        region, bucket = self._region(), self._for("GOLDENPATH_STATE_BUCKET", environment)
        if not bucket:
            raise BadInput(
                "`state_bucket` is missing",
                why=f"neither GOLDENPATH_STATE_BUCKET_{environment.upper()} nor GOLDENPATH_STATE_BUCKET is set",
                fix=f"set the repository variable TF_STATE_BUCKET, or TF_STATE_BUCKET_{environment.upper()}, to the S3 "
                "bucket that keeps Terraform's state",
            )
        return TerraformWorkspace(
            self.checkout, environment, bucket, region, self.work_dir,
            {**self.variables, "AWS_REGION": region, **self._credentials(environment, region)},
            lock_seconds=self.lock_seconds,
        )  # fmt: skip

    def _credentials(self, environment: str, region: Region) -> dict[str, str]:
        named = self._role(environment)
        if not named:
            return {}
        try:
            role = RoleArn(named)
        except ValueError as error:
            raise BadInput(
                f"the role of {environment} cannot be used",
                why=f"{self.power.value}{environment.upper()}: {error}",
                fix="set the secret of that name to the ARN of the role",
            ) from None
        identity = oidc.token(self.variables, self.variables.get("GOLDENPATH_AUDIENCE") or oidc.AUDIENCE)
        self.hide(identity)
        name = f"goldenpath-registry-{environment}-{self.variables.get('GITHUB_RUN_ID', 'local')}"
        given = session.assume_role(role, region, identity, name)
        for secret in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            self.hide(given[secret])
        return {**dict.fromkeys(_KEYS, ""), **given}

    def _region(self) -> Region:
        try:
            return Region(self.variables.get("GOLDENPATH_AWS_REGION") or "eu-west-2")
        except ValueError as error:
            raise BadInput("`aws_region` cannot be used", why=str(error), fix="name one, like `eu-west-2`") from None

    def _role(self, environment: str) -> str:
        return self.variables.get(self.power.value + environment.upper(), "")

    @property
    def _has_roles(self) -> bool:
        return any(text for name, text in self.variables.items() if name.startswith(self.power.value))

    def _for(self, name: str, environment: str) -> str:
        return self.variables.get(f"{name}_{environment.upper()}") or self.variables.get(name, "")


def load_state_key(checkout: Path, environment: str) -> str:
    """Return the state's key for `environment`.

    Raises `UnknownEnvironment`, and `RegistryConfigUnexpected` when its `terraform.tfvars` does not decide the key.
    """
    path = checkout / "envs" / known_environment(environment) / "terraform.tfvars"
    text = read_text(path)
    try:
        return state_key(environment, text)
    except ValueError as error:
        raise unexpected(path, error) from None


def state_key(environment: str, tfvars: str) -> str:
    """Return the key of the state in its bucket; `tfvars` is the text of a `terraform.tfvars`.

    Raises `HclUnexpected`. A lifecycle that is neither of the two is refused rather than taken for `persistent`: with
    a slip of the pen the wrong state would be changed.
    """
    values = read_attributes(tfvars)
    build_id, lifecycle = values.get("build_id"), values.get("cluster_lifecycle")
    if not isinstance(build_id, str) or not _BUILD_ID.fullmatch(build_id):
        told = "is missing" if build_id in (None, "") else f"is {build_id!a}"
        raise HclUnexpected(f'`build_id` {told}: write 1 to 63 of a-z, 0-9, `.`, `_`, `-`, as in build_id = "main"')
    if values.get("environment", environment) != environment:
        raise HclUnexpected(f"`environment` is {values['environment']!a}, but the folder is {environment}'s")
    match lifecycle:
        case "ephemeral":
            return f"envs/{environment}/builds/{build_id}/terraform.tfstate"
        case "persistent":
            return f"envs/{environment}/terraform.tfstate"
        case _:
            told = "is missing" if lifecycle is None else f"is {lifecycle!a}"
            raise HclUnexpected(f"`cluster_lifecycle` {told}: write `ephemeral` or `persistent`")
