"""The resources of IAM that an account's roles are made of, with the arguments that our modules use.

Unlike the real ones they wait for nothing, and leave `tags_all` out.
"""

# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

import json
from typing import Any

from tf.schema import Attribute
from tf.types import Number

from tests.terraform_provider.settings import Setting, State, as_tags, computed, same_json, tags, text, texts


class OpenIdConnectProvider(Setting):
    """The stand-in's `resource "aws_iam_openid_connect_provider"`."""

    NAME = "iam_openid_connect_provider"
    SERVICE = "iam"
    ATTRIBUTES = (
        computed("arn"), texts("client_id_list", required=True), computed("id"), tags(),
        text("url", required=True, requires_replace=True),
    )  # fmt: skip

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401  boto3's client
        if current is None:
            listed = sorted(planned["client_id_list"])
            made = client.create_open_id_connect_provider(
                Url=planned["url"], ClientIDList=listed, Tags=as_tags(planned.get("tags"))
            )
            return {"arn": made["OpenIDConnectProviderArn"], "id": made["OpenIDConnectProviderArn"]}
        arn, wanted, present = current["arn"], set(planned["client_id_list"]), set(current["client_id_list"])
        for name in wanted - present:
            client.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=name)
        for name in present - wanted:
            client.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=name)
        return {"arn": arn, "id": arn}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            seen = client.get_open_id_connect_provider(OpenIDConnectProviderArn=current["id"])
        except client.exceptions.NoSuchEntityException:
            return None
        return {"client_id_list": seen["ClientIDList"]}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_open_id_connect_provider(OpenIDConnectProviderArn=current["id"])


class Role(Setting):
    """The stand-in's `resource "aws_iam_role"`."""

    NAME = "iam_role"
    SERVICE = "iam"
    ATTRIBUTES = (
        computed("arn"), text("assume_role_policy", required=True), text("description"), computed("id"),
        Attribute("max_session_duration", Number(), optional=True),
        text("name", required=False, optional=True, requires_replace=True), text("permissions_boundary"), tags(),
    )  # fmt: skip

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401
        name, boundary = planned["name"], planned.get("permissions_boundary")
        if current is None:
            more = {"PermissionsBoundary": boundary} if boundary else {}
            made = client.create_role(
                RoleName=name, AssumeRolePolicyDocument=planned["assume_role_policy"],
                Description=planned.get("description") or "", Tags=as_tags(planned.get("tags")),
                MaxSessionDuration=int(planned.get("max_session_duration") or 3600), **more,
            )["Role"]  # fmt: skip
            return {"arn": made["Arn"], "id": name}
        client.update_assume_role_policy(RoleName=name, PolicyDocument=planned["assume_role_policy"])
        if boundary:
            client.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
        elif current.get("permissions_boundary"):
            client.delete_role_permissions_boundary(RoleName=name)
        return {"arn": current["arn"], "id": name}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            seen = client.get_role(RoleName=current["id"])["Role"]
        except client.exceptions.NoSuchEntityException:
            return None
        trust = json.dumps(seen["AssumeRolePolicyDocument"])
        return {
            "assume_role_policy": same_json(current["assume_role_policy"], trust),
            "permissions_boundary": seen.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        }

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_role(RoleName=current["id"])


class RolePolicy(Setting):
    """The stand-in's `resource "aws_iam_role_policy"`."""

    NAME = "iam_role_policy"
    SERVICE = "iam"
    ATTRIBUTES = (
        computed("id"), text("name", required=False, optional=True, requires_replace=True),
        text("policy", required=True), text("role", required=True, requires_replace=True),
    )  # fmt: skip

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        client.put_role_policy(RoleName=planned["role"], PolicyName=planned["name"], PolicyDocument=planned["policy"])
        return {"id": f"{planned['role']}:{planned['name']}"}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            seen = client.get_role_policy(RoleName=current["role"], PolicyName=current["name"])
        except client.exceptions.NoSuchEntityException:
            return None
        return {"policy": same_json(current["policy"], json.dumps(seen["PolicyDocument"]))}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_role_policy(RoleName=current["role"], PolicyName=current["name"])


class Policy(Setting):
    """The stand-in's `resource "aws_iam_policy"`."""

    NAME = "iam_policy"
    SERVICE = "iam"
    ATTRIBUTES = (
        computed("arn"), text("description", required=False, optional=True, requires_replace=True), computed("id"),
        text("name", required=False, optional=True, requires_replace=True), text("policy", required=True), tags(),
    )  # fmt: skip

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401
        if current is None:
            made = client.create_policy(
                PolicyName=planned["name"], PolicyDocument=planned["policy"],
                Description=planned.get("description") or "", Tags=as_tags(planned.get("tags")),
            )["Policy"]  # fmt: skip
            return {"arn": made["Arn"], "id": made["Arn"]}
        arn = current["arn"]
        # IAM keeps five versions; the real provider removes the oldest.
        for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        client.create_policy_version(PolicyArn=arn, PolicyDocument=planned["policy"], SetAsDefault=True)
        return {"arn": arn, "id": arn}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            version = client.get_policy(PolicyArn=current["id"])["Policy"]["DefaultVersionId"]
        except client.exceptions.NoSuchEntityException:
            return None
        seen = client.get_policy_version(PolicyArn=current["id"], VersionId=version)["PolicyVersion"]["Document"]
        return {"policy": same_json(current["policy"], json.dumps(seen))}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        for version in client.list_policy_versions(PolicyArn=current["id"])["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=current["id"], VersionId=version["VersionId"])
        client.delete_policy(PolicyArn=current["id"])
