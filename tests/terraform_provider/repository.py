"""`aws_ecr_repository`.

Unlike the real one it leaves `tags_all` and the key of KMS encryption as they were planned, and waits for nothing.
"""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

from typing import Any

from tf.iface import Resource
from tf.schema import Attribute, Schema
from tf.types import Bool, Map, String

from tests.terraform_provider.calls import reported
from tests.terraform_provider.servicer import ListBlock

State = dict[str, Any]
# These follow from others: a change of tags changes them, and nothing else does.
_REMOTE = ("arn", "id", "registry_id", "repository_url", "region")


class Repository(Resource):
    """The stand-in's `resource "aws_ecr_repository"`."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401  the provider imports this module
        self.provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "ecr_repository"

    @classmethod
    def get_schema(cls) -> Schema:
        tags = Map(String())
        return Schema(
            version=0,
            attributes=[
                Attribute("arn", String(), computed=True),
                Attribute("force_delete", Bool(), optional=True),
                Attribute("id", String(), optional=True, computed=True),
                Attribute("image_tag_mutability", String(), optional=True, computed=True, default="MUTABLE"),
                Attribute("name", String(), required=True, requires_replace=True),
                Attribute("region", String(), optional=True, computed=True),
                Attribute("registry_id", String(), computed=True),
                Attribute("repository_url", String(), computed=True),
                Attribute("tags", tags, optional=True),
                Attribute("tags_all", tags, optional=True, computed=True),
            ],
            block_types=[
                ListBlock(
                    "encryption_configuration",
                    [
                        Attribute("encryption_type", String(), optional=True, requires_replace=True),
                        Attribute("kms_key", String(), optional=True, computed=True, requires_replace=True),
                    ],
                    forces_new=True,
                ),
                ListBlock("image_scanning_configuration", [Attribute("scan_on_push", Bool(), required=True)], most=1),
                ListBlock(
                    "image_tag_mutability_exclusion_filter",
                    [Attribute("filter", String(), required=True), Attribute("filter_type", String(), required=True)],
                ),
            ],
        )

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:  # noqa: ANN401  the library is untyped
        known = {name: current[name] for name in _REMOTE if current and planned.get(name) is None}
        return {**planned, **known, "tags_all": self._all_tags(planned)}

    @reported
    def create(self, ctx: Any, planned: State) -> State:  # noqa: ANN401
        made = self._ecr.create_repository(
            repositoryName=planned["name"],
            tags=_as_list(self._all_tags(planned)),
            imageScanningConfiguration={"scanOnPush": _scans(planned)},
            encryptionConfiguration=_encryption(planned),
            **_mutability(planned),
        )["repository"]
        return {**planned, **self._of(made), "tags_all": self._all_tags(planned)}

    @reported
    def read(self, ctx: Any, current: State) -> State | None:  # noqa: ANN401
        ecr = self._ecr
        try:
            found = ecr.describe_repositories(repositoryNames=[current["name"]])["repositories"][0]
        except ecr.exceptions.RepositoryNotFoundException:
            return None
        tags = {
            tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        }
        own = {key: value for key, value in tags.items() if self.provider.default_tags.get(key) != value}
        filters = found.get("imageTagMutabilityExclusionFilters") or []
        return {
            **current,
            **self._of(found),
            "image_tag_mutability": found["imageTagMutability"],
            "tags": own or None,
            "tags_all": tags,
            "image_scanning_configuration": [{"scan_on_push": found["imageScanningConfiguration"]["scanOnPush"]}],
            "encryption_configuration": _seen_encryption(current, found),
            "image_tag_mutability_exclusion_filter": [
                {"filter": each["filter"], "filter_type": each["filterType"]} for each in filters
            ],
        }

    @reported
    def update(self, ctx: Any, current: State, planned: State) -> State:  # noqa: ANN401
        name, arn = planned["name"], current["arn"]
        wanted = self._all_tags(planned)
        self._ecr.put_image_tag_mutability(repositoryName=name, **_mutability(planned))
        self._ecr.put_image_scanning_configuration(
            repositoryName=name, imageScanningConfiguration={"scanOnPush": _scans(planned)}
        )
        self._ecr.tag_resource(resourceArn=arn, tags=_as_list(wanted))
        if gone := sorted(set(current.get("tags_all") or {}) - set(wanted)):
            self._ecr.untag_resource(resourceArn=arn, tagKeys=gone)
        return {**planned, **{key: current[key] for key in _REMOTE}, "tags_all": wanted}

    @reported
    def delete(self, ctx: Any, current: State) -> None:  # noqa: ANN401
        self._ecr.delete_repository(repositoryName=current["name"], force=bool(current.get("force_delete")))

    def import_(self, ctx: Any, id: str) -> Any:  # noqa: ANN401, A002  the library's name
        empty = {each.name: None for each in self.get_schema().attributes}
        blocks: State = {each.type_name: [] for each in self.get_schema().block_types}
        return self.read(ctx, {**empty, **blocks, "name": id})

    @property
    def _ecr(self) -> Any:  # noqa: ANN401  boto3's client
        return self.provider.client("ecr")

    def _all_tags(self, planned: State) -> dict[str, str]:
        return {**self.provider.default_tags, **(planned.get("tags") or {})}

    def _of(self, found: State) -> State:
        return {
            "arn": found["repositoryArn"],
            "id": found["repositoryName"],
            "registry_id": found["registryId"],
            "repository_url": found["repositoryUri"],
            "region": self.provider.region,
        }


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _scans(planned: State) -> bool:
    return any(block["scan_on_push"] for block in planned.get("image_scanning_configuration") or [])


def _encryption(planned: State) -> dict[str, str]:
    block: State = next(iter(planned.get("encryption_configuration") or []), {})
    key = {"kmsKey": block["kms_key"]} if block.get("kms_key") else {}
    return {"encryptionType": block.get("encryption_type") or "AES256", **key}


def _seen_encryption(current: State, found: State) -> list[State]:
    planned: State = next(iter(current.get("encryption_configuration") or []), {})
    seen = found["encryptionConfiguration"]
    key = seen.get("kmsKey") if planned.get("kms_key") else None
    return [{"encryption_type": seen["encryptionType"], "kms_key": key}]


def _mutability(planned: State) -> dict[str, Any]:
    filters = planned.get("image_tag_mutability_exclusion_filter") or []
    listed = [{"filter": each["filter"], "filterType": each["filter_type"]} for each in filters]
    more = {"imageTagMutabilityExclusionFilters": listed} if listed else {}
    return {"imageTagMutability": planned.get("image_tag_mutability") or "MUTABLE", **more}
