"""What the stand-in knows of an account beside its repositories."""

from __future__ import annotations

from tests.terraform_provider.ecr_registry import (
    AccountSetting,
    CloudControlResource,
    PullTimeUpdateExclusion,
    RegistryPolicy,
    RegistryScanningConfiguration,
    ReplicationConfiguration,
    RepositoryCreationTemplate,
)
from tests.terraform_provider.iam import OpenIdConnectProvider, Policy, Role, RolePolicy
from tests.terraform_provider.state_bucket import (
    Bucket,
    BucketEncryption,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketVersioning,
)
from tests.terraform_provider.surroundings import CurrentRegion, Partition

DATA_SOURCES = (CurrentRegion, Partition)
RESOURCES = (
    AccountSetting, Bucket, BucketEncryption, BucketPolicy, BucketPublicAccessBlock, BucketVersioning,
    CloudControlResource, OpenIdConnectProvider, Policy, PullTimeUpdateExclusion, RegistryPolicy,
    RegistryScanningConfiguration, ReplicationConfiguration, RepositoryCreationTemplate, Role, RolePolicy,
)  # fmt: skip
