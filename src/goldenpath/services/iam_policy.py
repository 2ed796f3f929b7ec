"""The IAM policies of a session: what it takes to release to one repository, or to read a release back.

Source: Amazon ECR user guide, "IAM permissions for pushing an image" and "Pulling an image".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.model.names import EcrRepository, Region, RoleArn

# What one release does, and nothing else. `GetAuthorizationToken` knows no resource.
PUSH_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchDeleteImage",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:ListTagsForResource",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
# What reading a release back does.
READ_ACTIONS = (
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListTagsForResource",
)


def session_policy(
    region: Region, role: RoleArn, repository: EcrRepository, *, read_only: bool = False
) -> dict[str, Any]:
    """Return the IAM policy of a session in the role's account that may release to `repository`, and nothing else.

    One that is `read_only` may not even do that.
    """
    if read_only:
        return _policy(READ_ACTIONS, role.split(":")[1], region, role.account, repository)
    return push_policy(role.split(":")[1], region, role.account, repository)


def push_policy(partition: str, region: Region, account: str, repository: EcrRepository) -> dict[str, Any]:
    """Return the IAM policy of who may release to one repository, and do nothing else."""
    return _policy(PUSH_ACTIONS, partition, region, account, repository)


def _policy(
    actions: Sequence[str], partition: str, region: Region, account: str, repository: EcrRepository
) -> dict[str, Any]:
    resource = f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Effect": "Allow", "Action": list(actions), "Resource": resource},
        ],
    }
