"""What an AWS account holds of the platform: GitHub's OIDC provider, the roles that trust it, the bucket, the registry.

Everything is read; nothing is changed. Sources: IAM API reference, `ListRoles`, `GetOpenIDConnectProvider`; Amazon S3
API reference, `GetBucketVersioning`, `GetPublicAccessBlock`; Amazon ECR API reference,
`GetRegistryScanningConfiguration`, `ListPullTimeUpdateExclusions`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.registries.aws import creation_templates
from goldenpath.registries.policies import as_tuple
from goldenpath.shared import aws_sdk
from goldenpath.shared.ecr import pull_time_exclusions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.registries.aws.creation_templates import TemplateFacts
    from goldenpath.shared.names import Region

ISSUER = "token.actions.githubusercontent.com"
Document = dict[str, Any]
explained = functools.partial(aws_sdk.explained, needs="docs/setup.md says what `goldenpath doctor --platform` reads")


@dataclass(frozen=True)
class RoleFacts:
    """A role that workflow runs of GitHub enter: its trust policy, and the documents of all its policies."""

    name: str
    arn: str
    trust: Document
    policies: tuple[Document, ...] = ()
    has_boundary: bool = False

    @property
    def conditions(self) -> tuple[Mapping[str, tuple[str, ...]], ...]:
        """The values that each statement for GitHub asks of a claim (`sub`, `aud`, …); of every statement one map."""
        return tuple(
            {key.partition(":")[2]: values for key, values in _condition_values(statement)}
            for statement in statements(self.trust)
            if _federated(statement)
        )


@dataclass(frozen=True)
class BucketFacts:
    """The bucket of the state; `missing` where there is none that the login may see."""

    name: str
    missing: bool = False
    versioned: bool = False
    private: bool = False
    encrypted: bool = False


@dataclass(frozen=True)
class AccountFacts:
    """An account and a region. `audiences` is `None` where there is no provider for GitHub's tokens."""

    account: str
    region: str
    audiences: tuple[str, ...] | None
    roles: tuple[RoleFacts, ...]
    bucket: BucketFacts | None
    scanned_on_push: tuple[str, ...]
    excluded: frozenset[str]
    templates: tuple[TemplateFacts, ...]


def read(region: Region, bucket: str) -> AccountFacts:
    """Read the account of this machine's AWS login, in `region`, and the `bucket` of the state if one is named.

    Raises `AccessDenied`, `LoginRefused`, `RegistryRefused`, `RegistryUnreachable`.
    """
    sdk = aws_sdk.session()
    iam, ecr = (aws_sdk.client(sdk, service, region) for service in ("iam", "ecr"))
    with explained("look at the AWS account"):
        # The account of the registry; a login needs no right of STS to be asked for it.
        registry = ecr.describe_registry()
        return AccountFacts(
            account=registry["registryId"],
            region=region,
            audiences=_audiences(iam),
            roles=tuple(_roles(iam)),
            bucket=_bucket(aws_sdk.client(sdk, "s3", region), bucket) if bucket else None,
            scanned_on_push=tuple(_scanned_on_push(ecr)),
            excluded=frozenset(pull_time_exclusions(ecr)),
            templates=tuple(creation_templates.read(ecr)),
        )


def statements(document: Document) -> list[Document]:
    """Return the statements of a policy, of which it may have one or several."""
    listed = document.get("Statement", [])
    return listed if isinstance(listed, list) else [listed]


def _audiences(iam: Any) -> tuple[str, ...] | None:  # noqa: ANN401  the SDK's client
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if provider["Arn"].endswith(f"oidc-provider/{ISSUER}"):
            seen = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
            return tuple(seen["ClientIDList"])
    return None


def _roles(iam: Any) -> Iterator[RoleFacts]:  # noqa: ANN401
    for page in iam.get_paginator("list_roles").paginate():
        for listed in page["Roles"]:
            if any(_federated(statement) for statement in statements(listed["AssumeRolePolicyDocument"])):
                name = listed["RoleName"]
                # A list of roles leaves the boundary out.
                boundary = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary")
                trust = listed["AssumeRolePolicyDocument"]
                yield RoleFacts(name, listed["Arn"], trust, tuple(_policies(iam, name)), has_boundary=bool(boundary))


def _policies(iam: Any, role: str) -> Iterator[Document]:  # noqa: ANN401
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            yield iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _federated(statement: Document) -> bool:
    principal = statement.get("Principal", {})
    providers = as_tuple(principal.get("Federated", [])) if isinstance(principal, dict) else ()
    return statement.get("Effect") == "Allow" and any(arn.endswith(f"oidc-provider/{ISSUER}") for arn in providers)


def _condition_values(statement: Document) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what a statement requires. Operators that also let a missing or another value in count for nothing."""
    for operator, pairs in statement.get("Condition", {}).items():
        if operator in {"StringEquals", "StringLike", "ForAnyValue:StringEquals", "ForAnyValue:StringLike"}:
            yield from ((key.lower(), as_tuple(values)) for key, values in pairs.items())


def _bucket(s3: Any, name: str) -> BucketFacts:  # noqa: ANN401
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:  # noqa: PLR2004
            raise
        return BucketFacts(name, missing=True)
    block = _optional(lambda: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"], s3) or {}
    return BucketFacts(
        name,
        versioned=s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
        private=len(block) == 4 and all(block.values()),  # noqa: PLR2004  all four of them
        encrypted=_optional(lambda: s3.get_bucket_encryption(Bucket=name), s3) is not None,
    )


def _optional(ask: Any, s3: Any) -> Any:  # noqa: ANN401
    """Return what `ask` returns; `None` where the bucket has no such configuration."""
    try:
        return ask()
    except s3.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in {"NoSuchPublicAccessBlockConfiguration", "ServerSideEncryptionConfigurationNotFoundError"}:
            raise
        return None


def _scanned_on_push(ecr: Any) -> Iterator[str]:  # noqa: ANN401
    rules = ecr.get_registry_scanning_configuration()["scanningConfiguration"].get("rules", [])
    for rule in rules:
        if rule["scanFrequency"] in {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}:
            yield from (one["filter"] for one in rule["repositoryFilters"])
