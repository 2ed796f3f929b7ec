"""The IAM policies of a session: what it takes to release to one repository, or to read a release back.

Source: Amazon ECR user guide, "IAM permissions for pushing an image" and "Pulling an image".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.shared.names import AccountId, EcrRepository, Region, RoleArn

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
    region: Region,
    role: RoleArn,
    repository: EcrRepository,
    *,
    account: AccountId | None = None,
    read_only: bool = False,
) -> dict[str, Any]:
    """Return the IAM policy of a session that may release to `repository`, and nothing else.

    The repository is in `account`; without one, in the role's own. One that is `read_only` may not even release.
    """
    actions = READ_ACTIONS if read_only else PUSH_ACTIONS
    return _policy(actions, role.split(":")[1], region, account or role.account, repository)


def push_policy(partition: str, region: Region, account: str, repository: EcrRepository) -> dict[str, Any]:
    """Return the IAM policy of who may release to one repository, and do nothing else."""
    return _policy(PUSH_ACTIONS, partition, region, account, repository)


def pull_policy(partition: str, region: Region, account: str, repositories: Sequence[EcrRepository]) -> dict[str, Any]:
    """Return the IAM policy of who may pull the images of `repositories`, and do nothing else."""
    arns = [f"arn:{partition}:ecr:{region}:{account}:repository/{each}" for each in repositories]
    return _allowing(READ_ACTIONS, arns if len(arns) > 1 else arns[0])


def _policy(
    actions: Sequence[str], partition: str, region: Region, account: str, repository: EcrRepository
) -> dict[str, Any]:
    return _allowing(actions, f"arn:{partition}:ecr:{region}:{account}:repository/{repository}")


def _allowing(actions: Sequence[str], resource: str | list[str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Effect": "Allow", "Action": list(actions), "Resource": resource},
        ],
    }
