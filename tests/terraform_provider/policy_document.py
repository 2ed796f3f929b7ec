"""What the two policies of a repository have in common: one JSON document, put, read and removed by repository name."""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

from abc import abstractmethod
from typing import Any

from tf.iface import Resource
from tf.schema import Attribute, Schema
from tf.types import String, Unknown

from tests.terraform_provider.calls import read_back, reported
from tests.terraform_provider.documents import is_json, normalized

State = dict[str, Any]


class PolicyDocument(Resource):
    """A resource that is one JSON document attached to a repository."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401  the provider imports this module
        self.provider = provider

    @abstractmethod
    def put(self, ecr: Any, repository: str, policy: str) -> None:  # noqa: ANN401  boto3's client
        """Attach `policy` to `repository`."""

    @abstractmethod
    def get(self, ecr: Any, repository: str) -> tuple[str, str] | None:  # noqa: ANN401
        """Return the document of `repository` and the account; `None` when it has none."""

    @abstractmethod
    def remove(self, ecr: Any, repository: str) -> None:  # noqa: ANN401
        """Detach the document of `repository`, if it has one."""

    @abstractmethod
    def is_same(self, one: str, other: str) -> bool:
        """Tell whether two documents say the same."""

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(
            version=0,
            attributes=[
                Attribute("id", String(), optional=True, computed=True),
                Attribute("policy", String(), required=True),
                Attribute("region", String(), optional=True, computed=True),
                Attribute("registry_id", String(), computed=True),
                Attribute("repository", String(), required=True),
            ],
        )

    def validate(self, diags: Any, type_name: str, config: State) -> None:  # noqa: ANN401  the library is untyped
        """Refuse what is no JSON."""
        policy = config.get("policy")
        if isinstance(policy, str) and not is_json(policy):
            diags.add_error('"policy" contains an invalid JSON')

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:  # noqa: ANN401
        return planned

    def completed(self, diags: Any, before: State | None, planned: State) -> State:  # noqa: ANN401
        """Return `planned` with its document in normal form; with the one before, if that says the same."""
        policy = planned["policy"]
        if policy is Unknown:
            return planned
        is_same = before is not None and self.is_same(before["policy"], policy)
        return {**planned, "policy": before["policy"] if before and is_same else normalized(policy)}

    @reported
    def create(self, ctx: Any, planned: State) -> State:  # noqa: ANN401
        return self._attached(planned)

    @reported
    def read(self, ctx: Any, current: State) -> State | None:  # noqa: ANN401
        return self._read(current)

    @reported
    def update(self, ctx: Any, current: State, planned: State) -> State:  # noqa: ANN401
        self.put(self._ecr, planned["repository"], planned["policy"])
        return self._read(planned) or planned

    @reported
    def delete(self, ctx: Any, current: State) -> None:  # noqa: ANN401
        self.remove(self._ecr, current["id"])

    def import_(self, ctx: Any, id: str) -> Any:  # noqa: ANN401, A002  the library's name
        """Return nothing but the id, as the SDK's pass-through importer does: Terraform reads the rest."""
        return {**{attribute.name: None for attribute in self.get_schema().attributes}, "id": id}

    @property
    def _ecr(self) -> Any:  # noqa: ANN401
        return self.provider.client("ecr")

    def _attached(self, planned: State) -> State:
        self.put(self._ecr, planned["repository"], planned["policy"])
        known = {name: None if value is Unknown else value for name, value in planned.items()}
        known["id"] = planned["repository"]
        return read_back(lambda: self._read(known), known) or known

    def _read(self, current: State) -> State | None:
        attached = self.get(self._ecr, current["id"])
        if attached is None:
            return None
        policy, account = attached
        earlier = current.get("policy")
        kept = earlier if earlier and self.is_same(earlier, policy) else normalized(policy)
        return {
            **current, "policy": kept, "repository": current["id"], "registry_id": account,
            "region": self.provider.region,
        }  # fmt: skip
