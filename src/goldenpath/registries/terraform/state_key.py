"""Where an environment's Terraform state lies: a key that follows from its `terraform.tfvars`, never from a habit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.registries.config.ecr_tf import read_text, unexpected
from goldenpath.registries.config.hcl import HclUnexpected, read_attributes
from goldenpath.registries.request import known_environment

if TYPE_CHECKING:
    from pathlib import Path

_BUILD_ID = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


def load(checkout: Path, environment: str) -> str:
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
