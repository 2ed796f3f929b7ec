"""Who the platform is to AWS while it plans and applies: a role, entered with the run's own OIDC token.

The credentials are handed to Terraform in its environment and to our own client; they are in no file and in no other
program's environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.services import aws_sdk
from goldenpath.services.aws_sdk import Key, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_s3 import S3Client

    from goldenpath.model.names import Region, RoleArn


def assumed(role: RoleArn, region: Region, identity: str, name: str) -> dict[str, str]:
    """Return credentials of `role`, for an hour, as the variables by which Terraform and the SDK know them.

    `identity` is an OIDC token, `name` what CloudTrail shows. Raises `LoginRefused`, `RegistryUnreachable`.
    """
    key = aws_sdk.exchanged(aws_sdk.session(), Wanted(role, region, name, aws_sdk.PLATFORM_SECONDS), identity)
    return {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_SESSION_TOKEN": key.token}


def ecr(variables: Mapping[str, str]) -> ECRClient:
    """Return a client of ECR for the credentials, region and endpoint in `variables`, else for the SDK's own.

    Raises `LoginRefused`.
    """
    with aws_sdk.explained("log in to AWS"):
        return aws_sdk.ecr_client(
            aws_sdk.session(), variables.get("AWS_REGION"), _key(variables), _endpoint(variables, "ECR")
        )


def s3(variables: Mapping[str, str]) -> S3Client:
    """Return a client of S3, as `ecr` does. Raises `LoginRefused`."""
    with aws_sdk.explained("log in to AWS"):
        return aws_sdk.s3_client(
            aws_sdk.session(), variables.get("AWS_REGION"), _key(variables), _endpoint(variables, "S3")
        )


def _key(variables: Mapping[str, str]) -> Key | None:
    named = variables.get("AWS_ACCESS_KEY_ID")
    if not named:
        return None
    return Key(named, variables.get("AWS_SECRET_ACCESS_KEY", ""), variables.get("AWS_SESSION_TOKEN", ""))


def _endpoint(variables: Mapping[str, str], service: str) -> str | None:
    return variables.get(f"AWS_ENDPOINT_URL_{service}") or variables.get("AWS_ENDPOINT_URL")
