"""`aws_ecr_repository_policy`, as internal/service/ecr/repository_policy.go of the real provider has it."""

from __future__ import annotations

from typing import Any

from tests.terraform_provider.documents import same_policy
from tests.terraform_provider.policy_document import PolicyDocument


class RepositoryPolicy(PolicyDocument):
    """The stand-in's `resource "aws_ecr_repository_policy"`."""

    @classmethod
    def get_name(cls) -> str:
        return "ecr_repository_policy"

    def put(self, ecr: Any, repository: str, policy: str) -> None:  # noqa: ANN401  boto3's client
        ecr.set_repository_policy(repositoryName=repository, policyText=policy)

    def get(self, ecr: Any, repository: str) -> tuple[str, str] | None:  # noqa: ANN401
        try:
            found = ecr.get_repository_policy(repositoryName=repository)
        except (ecr.exceptions.RepositoryPolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException):
            return None
        return found["policyText"], found["registryId"]

    def remove(self, ecr: Any, repository: str) -> None:  # noqa: ANN401
        try:
            ecr.delete_repository_policy(repositoryName=repository)
        except (ecr.exceptions.RepositoryPolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException):
            return

    def is_same(self, one: str, other: str) -> bool:
        return same_policy(one, other)
