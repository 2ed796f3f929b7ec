"""The typed results of commands with `--json`, by command: docs/schemas/results.json is written from this table."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.delivery.adoption.settle import SettleResult
from goldenpath.delivery.running.delivery_result import DeliveryResult
from goldenpath.local.commands import LocalStop
from goldenpath.local.demo.acts import DemoResult
from goldenpath.registries.catalogue import CatalogueEntry, CatalogueFiles
from goldenpath.registries.workflow_results import (
    AppliedRegistry,
    EnvironmentProtection,
    HygieneReport,
    MergedRegistries,
    RegistryProposal,
)
from goldenpath.shared.command_result import COMMAND_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULTS: Mapping[str, Any] = MappingProxyType(
    {
        "deliver": DeliveryResult,
        "local demo": DemoResult,
        "local down": LocalStop,
        "registry apply-merged": AppliedRegistry,
        "registry catalogue": CatalogueFiles,
        "registry find-merged": MergedRegistries,
        "registry hygiene": HygieneReport,
        "registry list": list[CatalogueEntry],
        "registry propose": RegistryProposal,
        "registry protect": list[EnvironmentProtection],
        "registry retire": RegistryProposal,
        "settle": SettleResult,
    }
)


def schema(dialect: str) -> str:
    """Return the JSON Schema with a definition of the `result` of each command, as a property named as the command."""
    shapes, definitions = msgspec.json.schema_components(RESULTS.values(), ref_template="#/$defs/{name}")
    described = {
        "$schema": dialect,
        "title": f"The results in {COMMAND_SCHEMA}, by command",
        "type": "object",
        "properties": dict(zip(RESULTS, shapes, strict=True)),
        "$defs": definitions,
    }
    return json.dumps(described, indent=2) + "\n"
