"""`aws_caller_identity`: who the credentials belong to."""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

from typing import Any

from tf.iface import DataSource
from tf.schema import Attribute, Schema
from tf.types import String


class CallerIdentity(DataSource):
    """The stand-in's `data "aws_caller_identity"`."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401  the provider imports this module
        self.provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "caller_identity"

    @classmethod
    def get_schema(cls) -> Schema:
        listed = ("account_id", "arn", "id", "user_id")
        # The real one takes an id too, to no effect.
        return Schema(attributes=[Attribute(name, String(), computed=True, optional=name == "id") for name in listed])

    def read(self, ctx: Any, config: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  the library is untyped
        found = self.provider.client("sts").get_caller_identity()
        account = found["Account"]
        return {"account_id": account, "arn": found["Arn"], "id": account, "user_id": found["UserId"]}
