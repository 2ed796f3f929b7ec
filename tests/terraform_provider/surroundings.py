"""`aws_partition` and `aws_region`: where the provider works."""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

from typing import Any

from tf.iface import DataSource
from tf.schema import Schema

from tests.terraform_provider.settings import computed


class Partition(DataSource):
    """The stand-in's `data "aws_partition"`."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401  the provider imports this module
        self.provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "partition"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(attributes=[computed(name) for name in ("dns_suffix", "id", "partition")])

    def read(self, ctx: Any, config: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  the library is untyped
        return {"dns_suffix": "amazonaws.com", "id": "aws", "partition": "aws"}


class CurrentRegion(DataSource):
    """The stand-in's `data "aws_region"`."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401
        self.provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "region"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(attributes=[computed(name) for name in ("id", "region")])

    def read(self, ctx: Any, config: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        return {"id": self.provider.region, "region": self.provider.region}
