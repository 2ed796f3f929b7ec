"""Who the platform is to AWS while it plans and applies: a role, entered with the run's own OIDC token.

Source: AWS STS API reference, `AssumeRoleWithWebIdentity`. The credentials are handed to Terraform in its environment
and to our own client; they are in no file and in no other program's environment.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3  # noqa: TID251  the platform's own calls, apart from those of a release
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from goldenpath.errors import AccessDenied, LoginRefused, RegistryRefused, RegistryUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_ecr import ECRClient

    from goldenpath.model.names import Region, RoleArn

# An apply may take half an hour (`terraform.APPLY_SECONDS`), and cannot be given new credentials on its way.
SESSION_SECONDS = 3600
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=10, read_timeout=30)
_NO_SESSION_CHARACTER = re.compile(r"[^\w+=,.@-]+", re.ASCII)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


def assumed(role: RoleArn, region: Region, identity: str, name: str) -> dict[str, str]:
    """Return credentials of `role`, for an hour, as the variables by which Terraform and the SDK know them.

    `identity` is an OIDC token, `name` what CloudTrail shows. Raises `LoginRefused`, `RegistryUnreachable`.
    """
    unsigned = _CONFIG.merge(Config(signature_version=UNSIGNED))
    try:
        given = boto3.client("sts", region_name=region, config=unsigned).assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName=_NO_SESSION_CHARACTER.sub("-", name)[:64],
            WebIdentityToken=identity,
            DurationSeconds=SESSION_SECONDS,
        )["Credentials"]
    except ClientError as error:
        raise LoginRefused(
            f"could not assume the role {role}",
            why=str(error),
            fix="see that its trust policy names this repository's `sub`, and that it allows sessions of one hour",
        ) from error
    except BotoCoreError as error:
        raise _unreachable(f"assume the role {role}", error) from error
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def ecr(variables: Mapping[str, str]) -> ECRClient:
    """Return a client of ECR for the credentials, region and endpoint in `variables`, else for the SDK's own."""
    return boto3.client(
        "ecr",
        config=_CONFIG,
        region_name=variables.get("AWS_REGION"),
        endpoint_url=variables.get("AWS_ENDPOINT_URL_ECR") or variables.get("AWS_ENDPOINT_URL"),
        aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=variables.get("AWS_SESSION_TOKEN") or None,
    )


@contextmanager
def explained(wish: str) -> Iterator[None]:
    """Turn what the AWS SDK raises into the error family; `wish` completes "could not …"."""
    try:
        yield
    except NoCredentialsError as error:
        raise LoginRefused(
            f"could not {wish}: there are no AWS credentials",
            fix="in a workflow set the role's secret; at a terminal log in with the AWS CLI",
        ) from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _DENIED:
            fix = "let the role do what it names: docs/registries.md lists all that each role needs"
            raise AccessDenied(f"not allowed to {wish}", why=str(error), fix=fix) from error
        raise RegistryRefused(f"could not {wish}", why=str(error), fix="run again; if it persists, show it to the "
                              "platform team") from error  # fmt: skip
    except BotoCoreError as error:
        raise _unreachable(wish, error) from error


def _unreachable(wish: str, error: BotoCoreError) -> RegistryUnreachable:
    return RegistryUnreachable(
        f"could not {wish}: AWS does not answer", why=str(error), fix="see that the network reaches AWS; run again"
    )
