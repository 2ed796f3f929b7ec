"""What each level of risk brings, read from the Terraform module's own table: one source for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from goldenpath.registries.config.ecr_tf import read_text, unexpected
from goldenpath.registries.config.hcl import read_map
from goldenpath.registries.request import Risk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Controls:
    """The controls of one level of risk: ECR's own words, and how many images of each kind are kept."""

    mutability: str
    encryption: str
    keep: int


def load(checkout: Path) -> Mapping[Risk, Controls]:
    """Return the controls of every risk. Raises `RegistryConfigUnexpected` when the module's table is not whole."""
    path = checkout / "modules" / "aws_ecr" / "risk.tf"
    try:
        entries = read_map(read_text(path), "locals", "risk_controls").entries
        return {Risk(each.key): msgspec.convert(each.value, Controls) for each in entries}
    except ValueError as error:
        raise unexpected(path, error) from None
