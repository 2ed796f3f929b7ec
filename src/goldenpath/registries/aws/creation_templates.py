"""The templates by which ECR creates repositories, and whether what a push creates is quarantined.

Source: Amazon ECR API reference, `DescribeRepositoryCreationTemplates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.registries import policies
from goldenpath.shared.errors import RegistryRefused

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class TemplateFacts:
    """What ECR gives a repository that it creates by itself, for names with the `prefix` (`ROOT`: any name)."""

    prefix: str
    on_push: bool
    immutable: bool
    expires: bool
    refuses_pulls: bool

    @property
    def quarantines(self) -> bool:
        """Whether nobody can use what a push makes, and it does not last."""
        return self.immutable and self.expires and self.refuses_pulls


def read(ecr: Any) -> Iterator[TemplateFacts]:  # noqa: ANN401  the SDK's client
    """Yield the templates of a registry. Raises `RegistryRefused`, and what the SDK raises."""
    for page in ecr.get_paginator("describe_repository_creation_templates").paginate():
        for template in page["repositoryCreationTemplates"]:
            yield TemplateFacts(
                template["prefix"],
                on_push="CREATE_ON_PUSH" in template["appliedFor"],
                immutable=template.get("imageTagMutability") == "IMMUTABLE",
                expires='"expire"' in template.get("lifecyclePolicy", ""),
                refuses_pulls=_denies_pulls(template.get("repositoryPolicy", "")),
            )


def _denies_pulls(policy: str) -> bool:
    statements = policies.statements(policy)
    if statements is None:
        raise RegistryRefused("ECR gave a repository policy that is not JSON", fix="Run again")
    return any(
        statement.get("Effect") == "Deny" and "ecr:BatchGetImage" in policies.as_tuple(statement.get("Action", []))
        for statement in statements.values()
    )
