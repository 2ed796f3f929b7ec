"""The IAM policies of the two roles that keep images in use: one looks at clusters, one tags images.

Source: AWS service authorization reference, "Actions, resources, and condition keys" for Amazon ECS, EKS and ECR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenpath.shared.names import AccountId, Region

_LOOK = ("ecs:DescribeTasks", "ecs:ListClusters", "ecs:ListTasks", "eks:DescribeCluster", "eks:ListClusters")
# Without the actions that upload layers: this role names what is stored already, and brings nothing new.
_TAG = (
    "ecr:BatchDeleteImage", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource", "ecr:PutImage",
)  # fmt: skip


def look_policy() -> dict[str, Any]:
    """Return the policy of a role that sees what runs in its account, and changes nothing."""
    return _document(_LOOK, "*")


def tag_policy(account: AccountId, region: Region) -> dict[str, Any]:
    """Return the policy of the role that tags images in the ECR of `account` and `region`."""
    return _document(_TAG, f"arn:{region.aws_partition}:ecr:{region}:{account}:repository/*")


def _document(actions: tuple[str, ...], resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}
