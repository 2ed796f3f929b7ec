"""The provider itself: its configuration, and the connection that its resources share."""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from tf.iface import Provider
from tf.schema import Attribute, Schema
from tf.types import List, Map, Set, String

from tests.terraform_provider import account
from tests.terraform_provider.caller_identity import CallerIdentity
from tests.terraform_provider.lifecycle_policy import LifecyclePolicy
from tests.terraform_provider.repository import Repository
from tests.terraform_provider.repository_policy import RepositoryPolicy
from tests.terraform_provider.servicer import ListBlock
from tests.terraform_provider.tags import TagRules

if TYPE_CHECKING:
    from tf.utils import Diagnostics


class StandIn(Provider):
    """The part of hashicorp/aws that this project's configurations use."""

    def __init__(self) -> None:
        # As the real one does: its configuration first, then this variable.
        self.region = os.environ.get("AWS_REGION", "")
        self.tag_rules = TagRules({})
        self.allowed_accounts: list[str] = []
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str) -> Any:  # noqa: ANN401  one method, several services
        """Return a client for `service` at the endpoint and with the credentials of this process's environment."""
        # Terraform asks for one with every request of its own, and it takes longer than most calls.
        if (service, self.region) not in self._clients:
            self._clients[service, self.region] = boto3.client(service, region_name=self.region)  # type: ignore[call-overload]
        return self._clients[service, self.region]

    def get_model_prefix(self) -> str:
        return "aws_"

    def full_name(self) -> str:
        return "registry.terraform.io/hashicorp/aws"

    def get_provider_schema(self, diags: Diagnostics) -> Schema:
        return Schema(
            attributes=[
                Attribute("region", String(), optional=True),
                Attribute("allowed_account_ids", List(String()), optional=True),
            ],
            block_types=[
                ListBlock("default_tags", [Attribute("tags", Map(String()), optional=True)], most=1),
                ListBlock(
                    "ignore_tags",
                    [
                        Attribute("keys", Set(String()), optional=True),
                        Attribute("key_prefixes", Set(String()), optional=True),
                    ],
                    most=1,
                ),
            ],
        )

    def validate_config(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        """Accept what fits the schema."""

    def configure_provider(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        self.region = config.get("region") or os.environ.get("AWS_REGION", "")
        default: dict[str, Any] = next(iter(config.get("default_tags") or []), {})
        ignored: dict[str, Any] = next(iter(config.get("ignore_tags") or []), {})
        self.tag_rules = TagRules(
            default.get("tags") or {}, frozenset(ignored.get("keys") or ()), tuple(ignored.get("key_prefixes") or ())
        )
        if allowed := config.get("allowed_account_ids"):
            account = self.client("sts").get_caller_identity()["Account"]
            if account not in allowed:
                diags.add_error(f"AWS account ID not allowed: {account}")

    def get_data_sources(self) -> list[Any]:
        return [CallerIdentity, *account.DATA_SOURCES]

    def get_resources(self) -> list[Any]:
        return [Repository, LifecyclePolicy, RepositoryPolicy, *account.RESOURCES]
