"""`aws_ecr_lifecycle_policy`."""

from __future__ import annotations

from typing import Any

from tests.terraform_provider.policy_document import PolicyDocument


class LifecyclePolicy(PolicyDocument):
    """The stand-in's `resource "aws_ecr_lifecycle_policy"`."""

    @classmethod
    def get_name(cls) -> str:
        return "ecr_lifecycle_policy"

    def put(self, ecr: Any, repository: str, policy: str) -> None:  # noqa: ANN401  boto3's client
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)

    def get(self, ecr: Any, repository: str) -> str | None:  # noqa: ANN401
        missing = (ecr.exceptions.LifecyclePolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException)
        try:
            return str(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])
        except missing:
            return None

    def remove(self, ecr: Any, repository: str) -> None:  # noqa: ANN401
        ecr.delete_lifecycle_policy(repositoryName=repository)
