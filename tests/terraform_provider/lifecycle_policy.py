"""`aws_ecr_lifecycle_policy`, as internal/service/ecr/lifecycle_policy.go of the real provider has it.

It has no update: both arguments force a new one, so each change deletes the policy and puts another.
"""

from __future__ import annotations

from typing import Any, NoReturn

from tests.terraform_provider.documents import same_lifecycle
from tests.terraform_provider.policy_document import PolicyDocument


class LifecyclePolicy(PolicyDocument):
    """The stand-in's `resource "aws_ecr_lifecycle_policy"`."""

    @classmethod
    def get_name(cls) -> str:
        return "ecr_lifecycle_policy"

    def put(self, ecr: Any, repository: str, policy: str) -> None:  # noqa: ANN401  boto3's client
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)

    def get(self, ecr: Any, repository: str) -> tuple[str, str] | None:  # noqa: ANN401
        try:
            found = ecr.get_lifecycle_policy(repositoryName=repository)
        except (ecr.exceptions.LifecyclePolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException):
            return None
        return found["lifecyclePolicyText"], found["registryId"]

    def remove(self, ecr: Any, repository: str) -> None:  # noqa: ANN401
        try:
            ecr.delete_lifecycle_policy(repositoryName=repository)
        except (ecr.exceptions.LifecyclePolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException):
            return

    def is_same(self, one: str, other: str) -> bool:
        return same_lifecycle(one, other)

    def update(self, ctx: Any, current: Any, planned: Any) -> NoReturn:  # noqa: ANN401, ARG002  the library's own
        raise AssertionError("the real resource has no update: every change replaces it")
