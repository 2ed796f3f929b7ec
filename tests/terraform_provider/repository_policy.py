"""`aws_ecr_repository_policy`."""

from __future__ import annotations

from typing import Any

from tests.terraform_provider.policy_document import PolicyDocument


class RepositoryPolicy(PolicyDocument):
    """The stand-in's `resource "aws_ecr_repository_policy"`."""

    @classmethod
    def get_name(cls) -> str:
        return "ecr_repository_policy"

    def put(self, ecr: Any, repository: str, policy: str) -> None:  # noqa: ANN401  boto3's client
        ecr.set_repository_policy(repositoryName=repository, policyText=policy)

    def get(self, ecr: Any, repository: str) -> str | None:  # noqa: ANN401
        missing = (ecr.exceptions.RepositoryPolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException)
        try:
            return str(ecr.get_repository_policy(repositoryName=repository)["policyText"])
        except missing:
            return None

    def remove(self, ecr: Any, repository: str) -> None:  # noqa: ANN401
        ecr.delete_repository_policy(repositoryName=repository)
