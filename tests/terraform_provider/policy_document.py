"""What the two policies of a repository have in common: one JSON document, put, read and removed by repository name."""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from tf.iface import Resource
from tf.schema import Attribute, Schema
from tf.types import String

from tests.terraform_provider.calls import reported

State = dict[str, Any]


class PolicyDocument(Resource):
    """A resource that is one JSON document attached to a repository."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401  the provider imports this module
        self.provider = provider

    @abstractmethod
    def put(self, ecr: Any, repository: str, policy: str) -> None:  # noqa: ANN401  boto3's client
        """Attach `policy` to `repository`."""

    @abstractmethod
    def get(self, ecr: Any, repository: str) -> str | None:  # noqa: ANN401
        """Return the document of `repository`; `None` when it has none."""

    @abstractmethod
    def remove(self, ecr: Any, repository: str) -> None:  # noqa: ANN401
        """Detach the document of `repository`."""

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(
            version=0,
            attributes=[
                Attribute("id", String(), optional=True, computed=True),
                Attribute("policy", String(), required=True),
                Attribute("region", String(), optional=True, computed=True),
                Attribute("registry_id", String(), computed=True),
                Attribute("repository", String(), required=True, requires_replace=True),
            ],
        )

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:  # noqa: ANN401  the library is untyped
        return planned

    @reported
    def create(self, ctx: Any, planned: State) -> State:  # noqa: ANN401
        return self._attached(planned)

    @reported
    def read(self, ctx: Any, current: State) -> State | None:  # noqa: ANN401
        found = self.get(self._ecr, current["repository"])
        if found is None:
            return None
        same = current.get("policy") and json.loads(current["policy"]) == json.loads(found)
        return {**current, "policy": current["policy"] if same else found}

    @reported
    def update(self, ctx: Any, current: State, planned: State) -> State:  # noqa: ANN401
        return self._attached(planned)

    @reported
    def delete(self, ctx: Any, current: State) -> None:  # noqa: ANN401
        if self.get(self._ecr, current["repository"]) is not None:
            self.remove(self._ecr, current["repository"])

    @property
    def _ecr(self) -> Any:  # noqa: ANN401
        return self.provider.client("ecr")

    def _attached(self, planned: State) -> State:
        ecr, repository = self._ecr, planned["repository"]
        self.put(ecr, repository, planned["policy"])
        account = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["registryId"]
        return {**planned, "id": repository, "registry_id": account, "region": self.provider.region}
