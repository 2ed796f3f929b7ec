"""Planning and applying one registry in one environment: the workspace, its credentials, and its state's key.

An environment has two roles: one reads and plans, the other applies. Only the second can change anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from goldenpath.registries.aws import session
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.hcl import HclUnexpected, read_attributes
from goldenpath.registries.request import known_environment
from goldenpath.registries.terraform import described, locks, plans, program, waiting_blocks
from goldenpath.registries.terraform.program import Terraform, s3_backend
from goldenpath.shared import oidc
from goldenpath.shared.errors import BadInput, PlanUnexpected
from goldenpath.shared.names import AUDIENCE, DEFAULT_REGION, ROLE_SECRETS, Region, RoleArn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from goldenpath.registries.terraform.plans import TerraformPlan
    from goldenpath.shared.names import Digest

LOCK_SECONDS = 60
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
_BUILD_ID = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class TerraformWorkspace:
    """One environment of `checkout` with its state in `bucket`; plans and Terraform's own files are in `work_dir`.

    `variables` are those of this process, with the credentials by which Terraform finds AWS.
    """

    checkout: Path
    environment: str
    bucket: str
    region: str
    work_dir: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    lock_seconds: int = LOCK_SECONDS

    @property
    def folder(self) -> Path:
        """The root module of the environment."""
        return self.checkout.absolute() / "envs" / self.environment

    @property
    def terraform(self) -> Terraform:
        """Terraform in the environment's folder; its working files stay out of the checkout."""
        return Terraform(
            self.folder,
            self.work_dir.absolute() / "terraform" / self.environment,
            self.variables,
            program=program.find_program(),
            lock_seconds=self.lock_seconds,
        )

    @property
    def saved(self) -> Path:
        """The file that holds the plan."""
        # Outside of the checkout: a plan file has values of the state in it, and must not be committed.
        return self.work_dir.absolute() / f"{self.environment}.tfplan"

    @property
    def lock_key(self) -> str:
        """The key of the object that locks the state. Raises what `load_state_key` does."""
        return f"{self.state_key}.tflock"

    @property
    def state_key(self) -> str:
        """The key of the state in its bucket. Raises what `load_state_key` does."""
        return load_state_key(self.checkout, self.environment)

    def initialized(self) -> Terraform:
        """Return Terraform with its providers fetched and the state opened. Raises `TerraformFailed`."""
        key, terraform = self.state_key, self.terraform
        self.work_dir.mkdir(parents=True, exist_ok=True)
        terraform.init(s3_backend(self.bucket, key, self.region, self.variables))
        return terraform


def plan(workspace: TerraformWorkspace, name: str, *, removal: bool = False, resumes: bool = False) -> TerraformPlan:
    """Return the plan for the registry `name` only, and save it in the workspace.

    With `removal` the registry must have left `ecr.tf` already; only then may its repository be destroyed. A plan that
    `resumes` an interrupted apply keeps what that apply made, even if it could not read it afterwards. Raises
    `RegistryUnknown`, `PlanUnexpected` or `ProvidersUnlocked` before Terraform starts, then `PlanUnexpected`,
    `PolicyNotDescribed`, `StateLocked`, `TerraformFailed`.
    """
    if removal:
        _require_no_entry(workspace, name)
    else:
        ecr_tf.find(workspace.checkout, workspace.environment, name)
    # Before `init`, which would write a lock file that nobody reviewed.
    providers = locks.locked_providers(workspace.folder)
    # A targeted plan: what a reviewer approves and an apply may change is this registry, whatever else has drifted.
    terraform = _planned_alone(workspace, name).initialized()
    # Terraform wants to be given both ends of a move.
    targets = (plans.target(name), *waiting_blocks.moved_into(workspace.checkout, workspace.environment, name))
    planned = terraform.plan(workspace.saved, *targets)
    # Terraform would destroy and create what it made and could not read: for a repository that is never the way.
    if resumes and (tainted := plans.tainted(planned, name)):
        for address in tainted:
            terraform.untaint(address)
        planned = terraform.plan(workspace.saved, *targets)
    planned = replace(planned, region=workspace.region, providers=providers)
    plans.require_only(planned, name, may_destroy=removal)
    if not removal:
        described.require_policy_described(planned, workspace.environment, name, workspace.variables)
    return planned


def apply(workspace: TerraformWorkspace, name: str, reviewed: Digest, *, removal: bool = False) -> TerraformPlan:
    """Plan the registry `name` again and apply the plan if its digest is `reviewed`; return the plan.

    Raises `PlanDrifted` when the plan is another one, and whatever `plan` raises.
    """
    planned = plan(workspace, name, removal=removal)
    # Nothing left to do: an earlier run applied it, so a re-run succeeds.
    if planned.changes:
        plans.require_reviewed(planned, workspace.environment, reviewed)
        workspace.terraform.apply(workspace.saved)
    return planned


def _planned_alone(workspace: TerraformWorkspace, name: str) -> TerraformWorkspace:
    """Return the workspace in which the registry `name` is planned: without what waits there for other registries."""
    folder = workspace.work_dir.absolute() / "planned" / workspace.environment
    checkout = waiting_blocks.checkout_without_others(workspace.checkout, workspace.environment, name, folder)
    return replace(workspace, checkout=checkout)


def _require_no_entry(workspace: TerraformWorkspace, name: str) -> None:
    if any(entry.name == name for entry in ecr_tf.load(workspace.checkout, workspace.environment)):
        raise PlanUnexpected(
            f"{name} is still described in envs/{workspace.environment}/ecr.tf",
            why="A registry is removed by removing its entry, in a pull request that was reviewed",
            fix="Remove the entry first, then plan the removal",
        )


class RoleKind(Enum):
    """Which of an environment's roles a run needs; the value is the prefix of the variable that names it.

    `IN_USE` may tag images, and is set only where images that run somewhere are protected.
    """

    PLAN = "TF_AWS_PLAN_ROLE_"
    APPLY = ROLE_SECRETS
    IN_USE = "TF_AWS_IN_USE_ROLE_"


@dataclass(frozen=True)
class EnvironmentAccess:
    """What is needed to open a workspace, except the environment: some runs learn that from what they read.

    `variables` are those of this process; `hide` masks a secret in the log and is called before the secret is used.
    """

    checkout: Path
    work_dir: Path
    variables: Mapping[str, str]
    role_kind: RoleKind
    hide: Callable[[str], None] = field(default=lambda _: None)
    lock_seconds: int = LOCK_SECONDS

    def reaches(self, environment: str) -> bool:
        """Tell whether this run can log in to `environment`, by a role or by the login of this machine."""
        # A job that has a role for another environment, or may ask for OIDC tokens, has no login of its own: what it
        # finds in ~/.aws of a kept runner is somebody else's.
        has_roles = any(text for name, text in self.variables.items() if name.startswith(self.role_kind.value))
        return bool(self._role(environment)) or not (has_roles or oidc.is_offered(self.variables))

    def workspace(self, environment: str) -> TerraformWorkspace:
        """Return the workspace of `environment`, with credentials for an hour where it has a role.

        Raises `UnknownEnvironment`, `BadInput`, `LoginRefused`.
        """
        known_environment(environment)
        self._require_role(environment)
        region, bucket = self._region(), self.setting("GOLDENPATH_STATE_BUCKET", environment)
        if not bucket:
            raise BadInput(
                "`state_bucket` is missing",
                why=f"Neither GOLDENPATH_STATE_BUCKET_{environment.upper()} nor GOLDENPATH_STATE_BUCKET is set",
                fix=f"Set the repository variable TF_STATE_BUCKET, or TF_STATE_BUCKET_{environment.upper()}, to the S3 "
                "bucket that keeps Terraform's state",
            )
        return TerraformWorkspace(
            self.checkout, environment, bucket, region, self.work_dir, self.login(environment),
            lock_seconds=self.lock_seconds,
        )  # fmt: skip

    def login(self, environment: str, role_arn: str = "", region: str = "") -> dict[str, str]:
        """Return this process's variables with credentials of the role `role_arn`, else of the environment's own.

        Raises `BadInput`, `LoginRefused`.
        """
        if not role_arn:
            self._require_role(environment)
        chosen, arn = Region(region) if region else self._region(), role_arn or self._role(environment)
        credentials = self._credentials(environment, arn, chosen) if arn else {}
        return {**self.variables, "AWS_REGION": chosen, **credentials}

    def _require_role(self, environment: str) -> None:
        if not self.reaches(environment):
            raise BadInput(
                f"No role leads into {environment}",
                why=f"The secret {self.role_kind.value}{environment.upper()} is not set for this job",
                fix="Set it; docs/registries.md says what the role needs",
            )

    def setting(self, name: str, environment: str) -> str:
        """Return the variable `name` as it is for `environment`, else for all of them; empty where it is not set."""
        # Its own value first: environments may have AWS accounts, and so buckets, of their own.
        return self.variables.get(f"{name}_{environment.upper()}") or self.variables.get(name, "")

    def _credentials(self, environment: str, arn: str, region: Region) -> dict[str, str]:
        try:
            role = RoleArn(arn)
        except ValueError as error:
            raise BadInput(
                f"The role of {environment} cannot be used",
                why=f"{self.role_kind.value}{environment.upper()}: {error}",
                fix="Set the secret of that name to the ARN of the role",
            ) from None
        identity = oidc.token(self.variables, self.variables.get("GOLDENPATH_AUDIENCE") or AUDIENCE)
        # Masked before use: the runner masks only what is printed afterwards.
        self.hide(identity)
        name = f"goldenpath-registry-{environment}-{self.variables.get('GITHUB_RUN_ID', 'local')}"
        credentials = session.assume_role(role, region, identity, name)
        for secret in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            self.hide(credentials[secret])
        # The other keys are emptied: a profile of the runner must not decide who the run is.
        return {**dict.fromkeys(_KEYS, ""), **credentials}

    def _region(self) -> Region:
        try:
            return Region(self.variables.get("GOLDENPATH_AWS_REGION") or DEFAULT_REGION)
        except ValueError as error:
            raise BadInput(
                "`aws_region` cannot be used", why=str(error), fix=f"Name one, like `{DEFAULT_REGION}`"
            ) from None

    def _role(self, environment: str) -> str:
        return self.variables.get(self.role_kind.value + environment.upper(), "")


def load_state_key(checkout: Path, environment: str) -> str:
    """Return the key of the state of `environment`, which follows from its `terraform.tfvars`.

    Raises `UnknownEnvironment`, and `RegistryConfigUnexpected` when that file does not decide the key.
    """
    path = checkout / "envs" / known_environment(environment) / "terraform.tfvars"
    text = ecr_tf.read_text(path)
    with ecr_tf.explained(path):
        return state_key(environment, text)


def state_key(environment: str, tfvars: str) -> str:
    """Return the key of the state in its bucket; `tfvars` is the text of a `terraform.tfvars`.

    Raises `HclUnexpected`.
    """
    values = read_attributes(tfvars)
    build_id, lifecycle = values.get("build_id"), values.get("cluster_lifecycle")
    if not isinstance(build_id, str) or not _BUILD_ID.fullmatch(build_id):
        problem = "is missing" if build_id in (None, "") else f"is {build_id!a}"
        raise HclUnexpected(f'`build_id` {problem}: write 1 to 63 of a-z, 0-9, `.`, `_`, `-`, as in build_id = "main"')
    if values.get("environment", environment) != environment:
        raise HclUnexpected(f"`environment` is {values['environment']!a}, but the folder is {environment}'s")
    match lifecycle:
        case "ephemeral":
            return f"envs/{environment}/builds/{build_id}/terraform.tfstate"
        case "persistent":
            return f"envs/{environment}/terraform.tfstate"
        case _:
            # Never a default: with a typo, an apply would work on the state of another build.
            problem = "is missing" if lifecycle is None else f"is {lifecycle!a}"
            raise HclUnexpected(f"`cluster_lifecycle` {problem}: write `ephemeral` or `persistent`")
