"""The only module that uses the AWS SDK: sessions, credentials for an OIDC token, and its errors as our own.

Sources: AWS STS API reference, `AssumeRoleWithWebIdentity`; botocore's exceptions. Endpoints follow the SDK's own
variables (`AWS_ENDPOINT_URL`): an emulator needs no special case.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from botocore.signers import RequestSigner

from goldenpath.shared import oidc, runner, verbose
from goldenpath.shared.errors import AccessDenied, LoginRefused, RegistryRefused, RegistryUnreachable
from goldenpath.shared.proxy import is_set, proxy_for
from goldenpath.shared.throttling import throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from goldenpath.shared.errors import GoldenPathError
    from goldenpath.shared.names import Region, RoleArn

# A release is short. An apply may take half an hour, and cannot be given new credentials on its way.
RELEASE_SECONDS, PLATFORM_SECONDS = 900, 3600
_TOKEN_SECONDS = 60
Sdk = boto3.Session
V = TypeVar("V")
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=10, read_timeout=30)
_NO_SESSION_CHARACTER = re.compile(r"[^\w+=,.@-]+", re.ASCII)
_SESSION_NAME_LENGTH = 64


@dataclass(frozen=True)
class Key:
    """A temporary access key; `secret` and `token` are to be hidden from every log."""

    id: str
    secret: str
    token: str


@dataclass(frozen=True)
class RoleSession:
    """The session of `role` to request: CloudTrail shows its `name`, and `policy` narrows the role's permissions."""

    role: RoleArn
    region: Region
    name: str
    seconds: int
    policy: Mapping[str, Any] | None = None


def session() -> Sdk:
    """Return a session of this process's own variables and files. Raises `LoginRefused` for an unknown profile."""
    with explained("log in to AWS"):
        return Sdk()


def client(
    sdk: Sdk, service: str, region: str | None, key: Key | None = None, endpoint: str = "", *, signs: bool = True
) -> Any:  # noqa: ANN401  a client of any service
    """Return a client of `service`, like `ecr`; without a `key` or an `endpoint`, the SDK finds its own.

    At an `endpoint` of one's own the bucket of S3 is part of the path. It goes around the proxy where `NO_PROXY` says
    so: the SDK by itself knows no networks, no `*.` and no blanks in that variable.
    """
    config = _CONFIG.merge(Config(s3={"addressing_style": "path"})) if endpoint else _CONFIG
    config = config if signs else config.merge(Config(signature_version=UNSIGNED))
    access = (key.id, key.secret, key.token or None) if key else (None, None, None)
    create = partial(
        sdk.client, service, region_name=region, endpoint_url=endpoint or None,
        aws_access_key_id=access[0], aws_secret_access_key=access[1], aws_session_token=access[2],
    )  # fmt: skip
    made: Any = create(config=config)
    variables = runner.variables()
    if is_set(variables) and not proxy_for(made.meta.endpoint_url, variables):
        made = create(config=config.merge(Config(proxies={})))
    made.meta.events.register("response-received", _show)
    return made


def _show(event_name: str, response_dict: Mapping[str, Any] | None, exception: object, **_: object) -> None:
    """Show one attempt of a call for `--verbose`. Its name is enough: what it asks and returns may be secret."""
    end = f"HTTP {response_dict['status_code']}" if response_dict else f"no response ({type(exception).__name__})"
    verbose.aws_call(event_name.removeprefix("response-received."), end)


def caller(sdk: Sdk, region: str) -> str:
    """Return the ARN that the SDK's default chain acts as. Everybody may ask that of themselves."""
    return str(client(sdk, "sts", region).get_caller_identity()["Arn"])


def cluster_token(sts: Any, cluster: str) -> str:  # noqa: ANN401  a client of STS
    """Return a token for the Kubernetes API of the EKS cluster `cluster`, good for a minute.

    It is a signed request to `GetCallerIdentity` that the cluster sends in our place. Source: the code of
    `aws-iam-authenticator`, "API authorization from outside a cluster".
    """
    signer = RequestSigner(
        sts.meta.service_model.service_id, sts.meta.region_name, "sts", "v4", sts._request_signer._credentials,  # noqa: SLF001
        sts.meta.events,
    )  # fmt: skip
    request = {
        "method": "GET",
        "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    signed = signer.generate_presigned_url(request, "GetCallerIdentity", expires_in=_TOKEN_SECONDS)
    return f"k8s-aws-v1.{base64.urlsafe_b64encode(signed.encode()).decode().rstrip('=')}"


def exchanged(sdk: Sdk, wanted: RoleSession, identity: str) -> Key:
    """Return a key for `wanted`, for the OIDC token `identity`. Raises what `explained` does."""
    try:
        return _exchanged(sdk, wanted, identity)
    except LoginRefused as error:
        subject = oidc.customised_subject(identity)
        if not subject:
            raise
        raise LoginRefused(
            error.what,
            why=f"{error.why}; the subject of this run's tokens is customised: {subject!a}",
            fix="Let the role's trust policy name that subject: `subject_claim_keys` of modules/github_oidc_roles does "
            "(docs/setup.md, A customised subject); or let the repository use GitHub's default subject",
        ) from error


def _exchanged(sdk: Sdk, wanted: RoleSession, identity: str) -> Key:
    more: dict[str, Any] = {"Policy": json.dumps(wanted.policy, separators=(",", ":"))} if wanted.policy else {}
    with explained(f"assume the role {wanted.role}"):
        sts = client(sdk, "sts", wanted.region, signs=False)
        given = sts.assume_role_with_web_identity(
            RoleArn=wanted.role,
            RoleSessionName=_NO_SESSION_CHARACTER.sub("-", wanted.name)[:_SESSION_NAME_LENGTH],
            WebIdentityToken=identity,
            DurationSeconds=wanted.seconds,
            **more,
        )["Credentials"]
        return Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


RELEASE_NEEDS = "`goldenpath iam push-policy` prints all that a release needs"
_MISSING_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")
_OF_A_CLOCK = re.compile(r"Signature (expired|not yet current)")
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
# The codes that the SDK itself retries (botocore, "standard" retries).
_THROTTLED = frozenset(
    {
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
        "TooManyRequestsException", "RequestLimitExceeded", "SlowDown",
    }
)  # fmt: skip
_BAD_LOGIN = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidIdentityToken",
        "IDPRejectedClaim", "InvalidSignatureException", "UnrecognizedClientException",
    }
)  # fmt: skip
# The default chain raises these where credentials are named, but are incomplete, expired or not available.
_LOGIN_UNUSABLE = (PartialCredentialsError, CredentialRetrievalError, ProfileNotFound, SSOError, TokenRetrievalError)


@contextmanager
def explained(wish: str, needs: str = RELEASE_NEEDS) -> Iterator[None]:
    """Turn the exceptions of the AWS SDK into the error family; `wish` completes "Could not …".

    `needs` says where to read what the role that is refused something must be allowed. Raises `AccessDenied`,
    `LoginRefused`, `RegistryRefused`, `RegistryThrottled`, `RegistryUnreachable`.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise LoginRefused(
            f"Could not {wish}: there are no AWS credentials",
            fix="In a workflow name the role (--role-arn, from the secret TF_AWS_IAM_ROLE_…); at a terminal log in "
            "with the AWS CLI, or use `goldenpath local`",
        ) from error
    except _LOGIN_UNUSABLE as error:
        raise LoginRefused(
            f"Could not {wish}: the AWS login of this machine cannot be used",
            why=str(error),
            fix="Log in again with the AWS CLI, or correct the profile that AWS_PROFILE and the AWS configuration name",
        ) from error
    except ClientError as error:
        raise _of_client_error(wish, error, needs) from error
    except BotoCoreError as error:
        raise RegistryUnreachable(
            f"Could not {wish}: AWS does not respond",
            why=str(error),
            fix="Check that the network reaches AWS, then run again",
        ) from error
    # The SDK makes an empty response of one that was cut short.
    except (ResponseParserError, KeyError, IndexError, TypeError, ValueError) as error:
        raise RegistryUnreachable(
            f"Could not {wish}: AWS gave a response that cannot be read",
            why=f"{type(error).__name__}: {error}",
            fix="Run again; if it persists, check for a proxy or firewall between the runner and AWS",
        ) from error


def unless_denied(wish: str, request: Callable[[], V]) -> V | None:
    """Return the response to `request`; `None` where it is denied. Raises the other errors of `explained`."""
    with suppress(AccessDenied), explained(wish):
        return request()
    return None


def _of_client_error(wish: str, error: ClientError, needs: str) -> GoldenPathError:
    code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    why = f"{code}: {words}"
    if code in _THROTTLED:
        return throttled(wish, why, error.operation_name)
    if code in _DENIED and "AssumeRole" not in words:
        action = _MISSING_ACTION.search(words)
        named = f"the IAM action {action[1]}" if action else "the action it names"
        fix = f"Ask the platform team to allow {named}; {needs}"
        return AccessDenied(f"Not allowed to {wish}", why=why, fix=fix)
    if "MaxSessionDuration" in words:
        fix = f"Let the sessions of that role last as long as an apply may take: {PLATFORM_SECONDS} seconds"
        return LoginRefused(f"Could not {wish}: its sessions are too short", why=why, fix=fix)
    if _OF_A_CLOCK.search(words):
        return LoginRefused(
            f"Could not {wish}: AWS and this machine differ about the time", why=why, fix="Set its clock"
        )
    if code in _DENIED | _BAD_LOGIN:
        return LoginRefused(
            f"Could not {wish}: AWS refused the login",
            why=why,
            fix="See that the role is the one of this environment and that its trust policy names this repository's "
            "`sub` (for repositories made since July 2026 also the form with numeric ids); "
            "an expired login is renewed by running again",
        )
    return RegistryRefused(f"Could not {wish}", why=why, fix="Run again; if it persists, show it to the platform team")
