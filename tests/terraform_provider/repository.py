"""`aws_ecr_repository`, as internal/service/ecr/repository.go of the real provider has it."""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

import re
import time
from typing import Any

from tf.iface import Resource
from tf.schema import Attribute, Schema
from tf.types import Bool, Map, String, Unknown

from tests.terraform_provider import tags as tagging
from tests.terraform_provider.calls import read_back, reported
from tests.terraform_provider.servicer import ListBlock, TimeoutsBlock

State = dict[str, Any]
_FILTERS, _SCANS, _MUTABILITY = (
    "image_tag_mutability_exclusion_filter", "image_scanning_configuration", "image_tag_mutability",
)  # fmt: skip
_REMOTE = ("arn", "id", "registry_id", "repository_url", "region")
_MUTABILITIES = ("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")
_ENCRYPTIONS = ("AES256", "KMS", "KMS_DSSE")
_FILTER = re.compile(r"[a-zA-Z0-9._*-]+")
_MOST_FILTERS, _MOST_WILDCARDS, _LONGEST_FILTER = 5, 2, 128
_DELETE_SECONDS = 20 * 60.0


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
                Attribute(_MUTABILITY, String(), optional=True),
                Attribute("name", String(), required=True),
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
                        Attribute("encryption_type", String(), optional=True),
                        Attribute("kms_key", String(), optional=True, computed=True),
                    ],
                ),
                ListBlock(_SCANS, [Attribute("scan_on_push", Bool(), required=True)], most=1),
                ListBlock(
                    _FILTERS,
                    [Attribute("filter", String(), required=True), Attribute("filter_type", String(), required=True)],
                    most=_MOST_FILTERS,
                ),
                TimeoutsBlock(),
            ],
        )

    def validate(self, diags: Any, type_name: str, config: State) -> None:  # noqa: ANN401  the library is untyped
        """Refuse what the real provider refuses before it plans."""
        _require_one_of(diags, _MUTABILITY, config.get(_MUTABILITY), _MUTABILITIES)
        for block in _known(config.get("encryption_configuration")):
            _require_one_of(diags, "encryption_type", block.get("encryption_type"), _ENCRYPTIONS)
        for block in _known(config.get(_FILTERS)):
            _require_one_of(diags, "filter_type", block.get("filter_type"), ("WILDCARD",))
            _require_filter(diags, block.get("filter"))

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:  # noqa: ANN401
        return planned

    def completed(self, diags: Any, before: State | None, planned: State) -> State:  # noqa: ANN401
        """Return `planned` with the defaults, what is unknown until the apply, and no difference that means nothing."""
        planned = {**planned, _MUTABILITY: planned.get(_MUTABILITY) or "MUTABLE"}
        for block in planned.get("encryption_configuration") or []:
            block["encryption_type"] = block.get("encryption_type") or "AES256"
            if block.get("kms_key") is None:
                block["kms_key"] = Unknown
        if before:
            known = {name: before[name] for name in _REMOTE if planned.get(name) in (None, Unknown)}
            # A block that is left out stays as AWS has it: `SuppressMissingOptionalConfigurationBlock`.
            kept = {name: before[name] for name in ("encryption_configuration", _SCANS) if not planned.get(name)}
            planned = {**planned, **known, **kept}
        filters, mutability = planned.get(_FILTERS) or [], planned[_MUTABILITY]
        if filters and mutability is not Unknown and not mutability.endswith("_WITH_EXCLUSION"):
            diags.add_error(
                f"{_FILTERS} can only be used when {_MUTABILITY} is set to IMMUTABLE_WITH_EXCLUSION or "
                "MUTABLE_WITH_EXCLUSION"
            )
        return {**planned, "tags_all": self._all_tags(planned)}

    @reported
    def create(self, ctx: Any, planned: State) -> State:  # noqa: ANN401
        blocks = planned.get(_SCANS) or []
        scans = {"imageScanningConfiguration": {"scanOnPush": blocks[0]["scan_on_push"]}} if blocks else {}
        made = self._ecr.create_repository(
            repositoryName=planned["name"],
            tags=tagging.as_list({**self.provider.tag_rules.default, **(planned.get("tags") or {})}),
            encryptionConfiguration=_encryption(planned),
            **scans,
            **_mutability(planned),
        )["repository"]
        known = {name: None if value is Unknown else value for name, value in planned.items()}
        known |= {"id": made["repositoryName"], "encryption_configuration": _encryption_of(made)}
        return dict(read_back(lambda: self._read(known), known) or known)

    @reported
    def read(self, ctx: Any, current: State) -> State | None:  # noqa: ANN401
        return self._read(current)

    @reported
    def update(self, ctx: Any, current: State, planned: State) -> State | None:  # noqa: ANN401
        tagging.change(self._ecr, current["arn"], current.get("tags_all") or {}, planned["tags_all"])
        if any(current.get(name) != planned.get(name) for name in (_MUTABILITY, _FILTERS)):
            self._ecr.put_image_tag_mutability(repositoryName=planned["name"], **_mutability(planned))
        if current.get(_SCANS) != planned.get(_SCANS):
            scans = any(block["scan_on_push"] for block in planned.get(_SCANS) or [])
            self._ecr.put_image_scanning_configuration(
                repositoryName=planned["name"], imageScanningConfiguration={"scanOnPush": scans}
            )
        return self._read(planned)

    @reported
    def delete(self, ctx: Any, current: State) -> None:  # noqa: ANN401
        ecr, name = self._ecr, current["id"]
        try:
            ecr.delete_repository(repositoryName=name, force=bool(current.get("force_delete")))
            end = time.monotonic() + _DELETE_SECONDS
            while time.monotonic() < end:
                ecr.describe_repositories(repositoryNames=[name])
        except ecr.exceptions.RepositoryNotFoundException:
            return

    def import_(self, ctx: Any, id: str) -> Any:  # noqa: ANN401, A002  the library's name
        """Return nothing but the id, as the SDK's pass-through importer does: Terraform reads the rest."""
        empty = {attribute.name: None for attribute in self.get_schema().attributes}
        blocks: State = {block.type_name: [] for block in self.get_schema().block_types}
        return {**empty, **blocks, "timeouts": None, "id": id}

    @property
    def _ecr(self) -> Any:  # noqa: ANN401  boto3's client
        return self.provider.client("ecr")

    def _all_tags(self, planned: State) -> Any:  # noqa: ANN401
        own = planned.get("tags") or {}
        if own is Unknown or Unknown in own.values():
            return Unknown
        return self.provider.tag_rules.all(own)

    def _read(self, current: State) -> State | None:
        ecr, rules = self._ecr, self.provider.tag_rules
        try:
            made = ecr.describe_repositories(repositoryNames=[current["id"]])["repositories"][0]
        except ecr.exceptions.RepositoryNotFoundException:
            return None
        listed = ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
        tags = rules.kept(tagging.as_map(listed))
        filters = made.get("imageTagMutabilityExclusionFilters") or []
        return {
            **current,
            "arn": made["repositoryArn"],
            "id": made["repositoryName"],
            "name": made["repositoryName"],
            "registry_id": made["registryId"],
            "repository_url": made["repositoryUri"],
            "region": self.provider.region,
            _MUTABILITY: made["imageTagMutability"],
            "tags": rules.own(tags, current.get("tags")) or None,
            "tags_all": tags,
            _SCANS: [{"scan_on_push": made["imageScanningConfiguration"]["scanOnPush"]}],
            "encryption_configuration": _encryption_of(made),
            _FILTERS: [{"filter": rule["filter"], "filter_type": rule["filterType"]} for rule in filters],
        }


def _known(blocks: Any) -> list[State]:  # noqa: ANN401  a list, or unknown
    return [block for block in blocks if block is not Unknown] if isinstance(blocks, list) else []


def _require_one_of(diags: Any, name: str, value: object, allowed: tuple[str, ...]) -> None:  # noqa: ANN401
    if value is not None and value is not Unknown and value not in allowed:
        diags.add_error(f"expected {name} to be one of {list(allowed)}, got {value}")


def _require_filter(diags: Any, value: Any) -> None:  # noqa: ANN401  a string, or unknown
    if not isinstance(value, str):
        return
    if not 1 <= len(value) <= _LONGEST_FILTER:
        diags.add_error(f"expected length of filter to be in the range (1 - {_LONGEST_FILTER}), got {value}")
    if not _FILTER.fullmatch(value):
        diags.add_error("must contain only letters, numbers, and special characters (._*-)")
    if value.count("*") > _MOST_WILDCARDS:
        diags.add_error(
            "Invalid filter pattern",
            f"Image tag mutability exclusion filter can contain a maximum of {_MOST_WILDCARDS} wildcards (*)",
        )


def _encryption(planned: State) -> dict[str, str]:
    block: State = next(iter(planned.get("encryption_configuration") or []), {})
    key = block.get("kms_key")
    return {
        "encryptionType": block.get("encryption_type") or "AES256",
        **({"kmsKey": key} if key and key is not Unknown else {}),
    }


def _encryption_of(made: State) -> list[State]:
    encryption = made["encryptionConfiguration"]
    # Without a key it is an empty string, not null: `aws.ToString` of the SDK for Go.
    return [{"encryption_type": encryption["encryptionType"], "kms_key": encryption.get("kmsKey") or ""}]


def _mutability(planned: State) -> dict[str, Any]:
    filters = planned.get(_FILTERS) or []
    listed = [{"filter": rule["filter"], "filterType": rule["filter_type"]} for rule in filters]
    more = {"imageTagMutabilityExclusionFilters": listed} if listed else {}
    return {"imageTagMutability": planned.get(_MUTABILITY) or "MUTABLE", **more}
