"""The IAM policies of the platform's roles: what a plan, an apply, and every role at most may do.

`dev/generate.py` writes them into `modules/github_oidc_roles`, `goldenpath iam` prints them, and `goldenpath doctor
--platform` compares them with the account. Sources: Service Authorization Reference, "Actions, resources, and condition
keys for Amazon Elastic Container Registry"; Terraform, "S3 backend", "Permissions required" (with `use_lockfile`); the
calls of `hashicorp/aws` for the resources of `modules/aws_ecr`; for the roles that keep images in use, the actions of
Amazon ECS and EKS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenpath.shared.names import AccountId, Region

# What a plan, the hygiene report and a retirement read of repositories.
REPOSITORY_READS = (
    "ecr:DescribeImageScanFindings",
    "ecr:DescribeImageSigningStatus",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:GetRepositoryPolicy",
    "ecr:ListImageReferrers",
    "ecr:ListImages",
    "ecr:ListTagsForResource",
)
# Settings of the registry itself, which know no resource.
REGISTRY_READS = (
    "ecr:DescribeRegistry",
    "ecr:DescribePullThroughCacheRules",
    "ecr:DescribeRepositoryCreationTemplates",
    "ecr:GetAccountSetting",
    "ecr:GetRegistryScanningConfiguration",
    "ecr:GetSigningConfiguration",
    "ecr:ListPullTimeUpdateExclusions",
)
# What an apply changes; the last two only in a removal.
REPOSITORY_WRITES = (
    "ecr:CreateRepository",
    "ecr:DeleteLifecyclePolicy",
    "ecr:DeleteRepository",
    "ecr:DeleteRepositoryPolicy",
    "ecr:PutImageScanningConfiguration",
    "ecr:PutImageTagMutability",
    "ecr:PutLifecyclePolicy",
    "ecr:SetRepositoryPolicy",
    "ecr:TagResource",
    "ecr:UntagResource",
    "ecr:BatchDeleteImage",
    "ecr:BatchGetImage",
)
KMS_ACTIONS = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")
# What runs in clusters, to keep its images.
CLUSTER_READS = ("ecs:DescribeTasks", "ecs:ListClusters", "ecs:ListTasks", "eks:DescribeCluster", "eks:ListClusters")
# Without the actions that upload layers: this role names what is stored already, and brings nothing new.
TAG_ACTIONS = (
    "ecr:BatchDeleteImage", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource", "ecr:PutImage",
)  # fmt: skip
Document = dict[str, Any]


@dataclass(frozen=True)
class RoleScope:
    """Where a role works: the registries of a `region` and an `account`, and one environment's state in a `bucket`."""

    partition: str
    account: str
    region: str
    environment: str
    bucket: str

    @property
    def repositories(self) -> str:
        """The ARN of every repository there."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/*"

    @property
    def state_bucket(self) -> str:
        """The ARN of the bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def state(self) -> str:
        """The ARN of the state, with a `*` for the folder of a build (`build_id`)."""
        # A `*` of IAM matches slashes too. It ends in the file's name: other files of the bucket stay closed.
        return f"{self.state_bucket}/envs/{self.environment}/*terraform.tfstate"


def plan_policy(scope: RoleScope) -> Document:
    """Return what a role that plans may do: read registries and the state, and lock the state."""
    return _document(
        _allow("Registries", REPOSITORY_READS, scope.repositories),
        _allow("Registry", REGISTRY_READS, "*"),
        *_state(scope, "s3:GetObject"),
    )


def apply_policy(scope: RoleScope, kms_keys: tuple[str, ...] = ()) -> Document:
    """Return what a role that applies may do: change registries, write the state, and claim its lock.

    `kms_keys` are the ARNs of the keys that entries name.
    """
    keys = [_allow("Keys", KMS_ACTIONS, list(kms_keys))] if kms_keys else []
    return _document(
        _allow("Registries", (*REPOSITORY_READS, *REPOSITORY_WRITES), scope.repositories),
        _allow("Registry", REGISTRY_READS, "*"),
        *_state(scope, "s3:GetObject", "s3:PutObject"),
        # No role that plans may write here: it could free the lock of an apply.
        _allow("Claims", ("s3:GetObject", "s3:PutObject"), f"{scope.state}.claims/*"),
        *keys,
    )


def boundary_policy(partition: str, account: str, bucket: str) -> Document:
    """Return the permissions boundary of all roles: repositories, their keys and the state, and nothing else.

    A policy that somebody adds to a role gives it no right beyond this one.
    """
    return _document(
        # Not the actions of the roles one by one: a boundary is no second list of them, and grants nothing itself.
        _allow("Registries", ("ecr:*",), f"arn:{partition}:ecr:*:{account}:repository/*"),
        _allow("Registry", ("ecr:GetAuthorizationToken", *REGISTRY_READS), "*"),
        _allow("Keys", KMS_ACTIONS, f"arn:{partition}:kms:*:{account}:key/*"),
        _allow(
            "State",
            ("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
            [f"arn:{partition}:s3:::{bucket}", f"arn:{partition}:s3:::{bucket}/envs/*"],
        ),
    )


def look_policy() -> Document:
    """Return the policy of a role that sees what runs in its account, and changes nothing."""
    return _document(_allow("", CLUSTER_READS, "*"))


def tag_policy(account: AccountId, region: Region) -> Document:
    """Return the policy of the role that tags images in the ECR of `account` and `region`."""
    return _document(_allow("", TAG_ACTIONS, f"arn:{region.aws_partition}:ecr:{region}:{account}:repository/*"))


def _state(scope: RoleScope, *actions: str) -> tuple[Document, ...]:
    return (
        _allow("StateList", ("s3:ListBucket",), scope.state_bucket),
        _allow("State", actions, scope.state),
        _allow("StateLock", ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), f"{scope.state}.tflock"),
    )


def _allow(sid: str, actions: tuple[str, ...], resource: str | list[str]) -> Document:
    named = {"Sid": sid} if sid else {}
    return {**named, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
