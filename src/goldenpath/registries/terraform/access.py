"""How a run of the platform's workflows gets to an environment: its role, the bucket of its state, a folder to work in.

Two roles for each environment: one that reads and plans, and one that applies. Only the second changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput
from goldenpath.model.names import Region, RoleArn
from goldenpath.registries.aws import session
from goldenpath.registries.request import known_environment
from goldenpath.registries.terraform.workspace import Workplace
from goldenpath.services import oidc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LOCK_SECONDS = 60
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


class Power(Enum):
    """What a run may do: the prefix of the variable that names its role."""

    PLAN = "TF_AWS_PLAN_ROLE_"
    APPLY = "TF_AWS_IAM_ROLE_"


@dataclass(frozen=True)
class Access:
    """Everything but the environment, which some runs find out only on their way.

    `variables` are those of this process; `hide` is told each secret before it is used.
    """

    checkout: Path
    work_dir: Path
    variables: Mapping[str, str]
    power: Power
    hide: Callable[[str], None] = field(default=lambda _: None)
    lock_seconds: int = LOCK_SECONDS

    def reaches(self, environment: str) -> bool:
        """Tell whether a role, or the login of this machine, leads into `environment`.

        A job that may ask for OIDC tokens has no login of its own.
        """
        return bool(self._role(environment)) or not (self._has_roles or oidc.is_offered(self.variables))

    def workplace(self, environment: str) -> Workplace:
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
        return Workplace(
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
        given = session.assumed(role, region, identity, name)
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
