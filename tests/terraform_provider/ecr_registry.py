"""The settings of an ECR registry, with the arguments that our modules use.

Unlike the real `aws_cloudcontrolapi_resource` the stand-in knows one type, `AWS::ECR::SigningConfiguration`, and asks
ECR itself, as the handler of that type does.
"""

# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

import json
from typing import Any

from tf.types import Unknown

from tests.terraform_provider.settings import (
    Nested,
    NestedSet,
    Setting,
    State,
    as_tags,
    computed,
    same_json,
    tags,
    text,
    texts,
)

_SIGNING = "AWS::ECR::SigningConfiguration"
_FILTER = (text("filter", required=True), text("filter_type", required=True))


class AccountSetting(Setting):
    """The stand-in's `resource "aws_ecr_account_setting"`; like the real one it leaves the setting at its removal."""

    NAME = "ecr_account_setting"
    ATTRIBUTES = (text("name", required=True, requires_replace=True), text("value", required=True))

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        client.put_account_setting(name=planned["name"], value=planned["value"])
        return {}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        return {"value": client.get_account_setting(name=current["name"])["value"]}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        """Leave it as it is."""


class PullTimeUpdateExclusion(Setting):
    """The stand-in's `resource "aws_ecr_pull_time_update_exclusion"`."""

    NAME = "ecr_pull_time_update_exclusion"
    ATTRIBUTES = (text("principal_arn", required=True, requires_replace=True),)

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        client.register_pull_time_update_exclusion(principalArn=planned["principal_arn"])
        return {}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        listed = client.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
        return {} if current["principal_arn"] in listed else None

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.deregister_pull_time_update_exclusion(principalArn=current["principal_arn"])


class RegistryPolicy(Setting):
    """The stand-in's `resource "aws_ecr_registry_policy"`."""

    NAME = "ecr_registry_policy"
    ATTRIBUTES = (computed("id"), text("policy", required=True), computed("registry_id"))

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        account = client.put_registry_policy(policyText=planned["policy"])["registryId"]
        return {"id": account, "registry_id": account}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            seen = client.get_registry_policy()["policyText"]
        except client.exceptions.RegistryPolicyNotFoundException:
            return None
        return {"policy": same_json(current["policy"], seen)}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401, ARG002
        client.delete_registry_policy()


class RegistryScanningConfiguration(Setting):
    """The stand-in's `resource "aws_ecr_registry_scanning_configuration"`."""

    NAME = "ecr_registry_scanning_configuration"
    ATTRIBUTES = (computed("id"), computed("registry_id"), text("scan_type", required=True))
    BLOCKS = (
        NestedSet("rule", [text("scan_frequency", required=True)], NestedSet("repository_filter", list(_FILTER))),
    )

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        rules = [
            {
                "scanFrequency": rule["scan_frequency"],
                "repositoryFilters": [
                    {"filter": one["filter"], "filterType": one["filter_type"]} for one in rule["repository_filter"]
                ],
            }
            for rule in planned.get("rule") or []
        ]
        client.put_registry_scanning_configuration(scanType=planned["scan_type"], rules=rules)
        account = client.get_registry_scanning_configuration()["registryId"]
        return {"id": account, "registry_id": account}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401, ARG002
        seen = client.get_registry_scanning_configuration()["scanningConfiguration"]
        rules = [
            {
                "scan_frequency": rule["scanFrequency"],
                "repository_filter": [
                    {"filter": one["filter"], "filter_type": one["filterType"]} for one in rule["repositoryFilters"]
                ],
            }
            for rule in seen["rules"]
        ]
        return {"scan_type": seen["scanType"], "rule": rules}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401, ARG002
        client.put_registry_scanning_configuration(scanType="BASIC", rules=[])


class ReplicationConfiguration(Setting):
    """The stand-in's `resource "aws_ecr_replication_configuration"`; like the real one it knows no deletion."""

    NAME = "ecr_replication_configuration"
    ATTRIBUTES = (computed("id"), computed("registry_id"))
    BLOCKS = (
        Nested(
            "replication_configuration", [],
            Nested(
                "rule", [],
                Nested("destination", [text("region", required=True), text("registry_id", required=True)]),
                Nested("repository_filter", list(_FILTER)),
            ),
        ),
    )  # fmt: skip

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        (configuration,) = planned["replication_configuration"]
        rules = [_replication_rule(rule) for rule in configuration["rule"]]
        client.put_replication_configuration(replicationConfiguration={"rules": rules})
        account = client.describe_registry()["registryId"]
        return {"id": account, "registry_id": account}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401, ARG002
        rules = client.describe_registry()["replicationConfiguration"]["rules"]
        if not rules:
            return None
        seen = [
            {
                "destination": [
                    {"region": one["region"], "registry_id": one["registryId"]} for one in rule["destinations"]
                ],
                "repository_filter": [
                    {"filter": one["filter"], "filter_type": one["filterType"]}
                    for one in rule.get("repositoryFilters", [])
                ],
            }
            for rule in rules
        ]
        return {"replication_configuration": [{"rule": seen}]}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401, ARG002
        client.put_replication_configuration(replicationConfiguration={"rules": []})


class RepositoryCreationTemplate(Setting):
    """The stand-in's `resource "aws_ecr_repository_creation_template"`."""

    NAME = "ecr_repository_creation_template"
    ATTRIBUTES = (
        texts("applied_for", required=True), text("custom_role_arn"), text("description"), computed("id"),
        text("image_tag_mutability"), text("lifecycle_policy"),
        text("prefix", required=True, requires_replace=True), computed("registry_id"), text("repository_policy"),
        tags("resource_tags"),
    )  # fmt: skip
    BLOCKS = (Nested("encryption_configuration", [text("encryption_type"), text("kms_key")]),)

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401
        call = client.create_repository_creation_template if current is None else (
            client.update_repository_creation_template)  # fmt: skip
        made = call(**_template(planned))
        return {"id": planned["prefix"], "registry_id": made["registryId"]}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            listed = client.describe_repository_creation_templates(prefixes=[current["prefix"]])
        except client.exceptions.TemplateNotFoundException:
            return None
        (seen,) = listed["repositoryCreationTemplates"]
        return {
            "applied_for": seen["appliedFor"],
            "image_tag_mutability": seen["imageTagMutability"],
            "lifecycle_policy": same_json(current["lifecycle_policy"], seen["lifecyclePolicy"]),
            "repository_policy": same_json(current["repository_policy"], seen["repositoryPolicy"]),
            "resource_tags": {tag["Key"]: tag["Value"] for tag in seen.get("resourceTags", [])} or None,
        }

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_repository_creation_template(prefix=current["prefix"])


class CloudControlResource(Setting):
    """The stand-in's `resource "aws_cloudcontrolapi_resource"`."""

    NAME = "cloudcontrolapi_resource"
    ATTRIBUTES = (
        text("desired_state", required=True), computed("id"), computed("properties"),
        text("type_name", required=True, requires_replace=True),
    )  # fmt: skip

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:  # noqa: ANN401
        """What AWS makes of a new desired state is not known before."""
        changed = current is not None and current["desired_state"] != planned["desired_state"]
        return {**super().plan(ctx, current, planned), **({"properties": Unknown} if changed else {})}

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        if planned["type_name"] != _SIGNING:
            raise NotImplementedError(planned["type_name"])
        wanted = json.loads(planned["desired_state"])["Rules"]
        client.put_signing_configuration(signingConfiguration={"rules": [_signing_rule(rule) for rule in wanted]})
        return {"id": "signing", "properties": planned["desired_state"]}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401, ARG002
        try:
            client.get_signing_configuration()
        except client.exceptions.SigningConfigurationNotFoundException:
            return None
        return {}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401, ARG002
        client.delete_signing_configuration()


def _template(planned: State) -> dict[str, Any]:
    encryption = next((block["encryption_type"] for block in planned.get("encryption_configuration") or []), None)
    wanted = {
        "prefix": planned["prefix"],
        "appliedFor": sorted(planned["applied_for"]),
        "customRoleArn": planned.get("custom_role_arn"),
        "description": planned.get("description"),
        "imageTagMutability": planned.get("image_tag_mutability") or "MUTABLE",
        "lifecyclePolicy": planned.get("lifecycle_policy"),
        "repositoryPolicy": planned.get("repository_policy"),
        "resourceTags": as_tags(planned.get("resource_tags")),
        "encryptionConfiguration": {"encryptionType": encryption} if encryption else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _replication_rule(rule: State) -> dict[str, Any]:
    filters = [{"filter": one["filter"], "filterType": one["filter_type"]} for one in rule["repository_filter"] or []]
    return {
        "destinations": [{"region": one["region"], "registryId": one["registry_id"]} for one in rule["destination"]],
        **({"repositoryFilters": filters} if filters else {}),
    }


def _signing_rule(rule: State) -> dict[str, Any]:
    filters = [{"filter": one["Filter"], "filterType": one["FilterType"]} for one in rule.get("RepositoryFilters", [])]
    return {"signingProfileArn": rule["SigningProfileArn"], **({"repositoryFilters": filters} if filters else {})}
