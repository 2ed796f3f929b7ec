"""AWS: temporary credentials from STS, and ECR's control plane. Credentials live in this process only.

Sources: AWS STS API reference, `AssumeRoleWithWebIdentity`; Amazon ECR API reference. Endpoints follow the SDK's own
variables (`AWS_ENDPOINT_URL`), and the registry's address comes from ECR's answers: an emulator needs no special case.
"""

from __future__ import annotations

import base64
import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

from goldenpath.errors import AccessDenied, LoginRefused, RegistryRefused, RegistryUnreachable, RepositoryMissing
from goldenpath.model.names import Digest, EcrRepository, Region, RoleArn, Tag
from goldenpath.services import aws_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_ecr import ECRClient

SESSION_SECONDS = 900
RENEWAL_SECONDS = SESSION_SECONDS * 2 / 3
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=10, read_timeout=30)
_NO_SESSION_CHARACTER = re.compile(r"[^\w+=,.@-]+", re.ASCII)
_SESSION_NAME_LENGTH = 64

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
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


@dataclass(frozen=True)
class RepositoryInfo:
    """An ECR repository as ECR describes it; `uri` is the address an image is pulled from, without tag."""

    name: EcrRepository
    uri: str
    account: str
    immutable: bool


@dataclass(frozen=True)
class Login:
    """How to speak to the registry's data plane: its address with scheme, and the header that opens it."""

    endpoint: str
    authorization: str
    secrets: tuple[str, ...]


class Ecr:
    """ECR's control plane. `connect` gives a client with fresh credentials; a long release asks for several."""

    def __init__(self, connect: Callable[[], ECRClient]) -> None:
        self._connect = connect
        self._connected = connect()
        self._since = time.monotonic()

    @property
    def _client(self) -> ECRClient:
        if time.monotonic() - self._since > RENEWAL_SECONDS:
            self._connected, self._since = self._connect(), time.monotonic()
        return self._connected

    def describe(self, name: EcrRepository, environment: str = "") -> RepositoryInfo:
        """Return the repository `name`. Raises `RepositoryMissing` when there is none.

        `environment` is where it belongs, for whoever has to create it.
        """
        with _explained(f"describe the ECR repository {name}"):
            try:
                found = self._client.describe_repositories(repositoryNames=[name])["repositories"][0]
            except self._client.exceptions.RepositoryNotFoundException as error:
                raise RepositoryMissing(
                    f"the ECR repository {name} does not exist in {self._client.meta.region_name}",
                    why=str(error),
                    fix="ask the platform team for it, or create it in the platform's repository: "
                    f"make create-ecr APP={name} OWNER=… RISK=low ENV={environment or '…'}",
                ) from error
            return RepositoryInfo(
                name=name,
                uri=found["repositoryUri"],
                account=found["registryId"],
                immutable=found["imageTagMutability"].startswith("IMMUTABLE"),
            )

    def login(self) -> Login:
        """Return a fresh login to the data plane, good for as long as the credentials are (12 hours at most)."""
        with _explained("get a login for the registry"):
            answer = self._client.get_authorization_token()["authorizationData"][0]
            token = answer["authorizationToken"]
            password = base64.b64decode(token).decode().partition(":")[2]
            return Login(answer["proxyEndpoint"], f"Basic {token}", (token, password))

    def tags_of(self, name: EcrRepository, digest: Digest) -> tuple[Tag, ...]:
        """Return the tags that name `digest`; none when it has none, or is not there."""
        with _explained(f"look at the image {digest} of {name}"):
            try:
                found = self._client.describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])
            except self._client.exceptions.ImageNotFoundException:
                return ()
            return tuple(Tag(tag) for image in found["imageDetails"] for tag in image.get("imageTags") or ())

    def delete_images(self, name: EcrRepository, images: Sequence[Tag | Digest]) -> None:
        """Remove tags, or whole manifests by digest. What is gone already counts as removed.

        Raises `RegistryRefused` naming what ECR did not remove.
        """
        wanted: list[Any] = [
            {"imageDigest": image} if isinstance(image, Digest) else {"imageTag": image} for image in images
        ]
        with _explained(f"remove images from {name}"):
            answer = self._client.batch_delete_image(repositoryName=name, imageIds=wanted)
            refused = [each for each in answer["failures"] if each.get("failureCode") != "ImageNotFound"]
        if refused:
            raise RegistryRefused(
                f"ECR did not remove {len(refused)} of {len(wanted)} images from {name}",
                why="; ".join(f"{each.get('imageId')}: {each.get('failureReason')}" for each in refused),
                fix="remove them by hand with `aws ecr batch-delete-image`",
            )


@dataclass(frozen=True)
class Session:
    """Who asks for credentials, for which repository alone; `name` is what CloudTrail shows.

    `identity` gives a fresh OIDC token, and `hide` is told every secret before it is used, to keep it out of the log.
    """

    region: Region
    repository: EcrRepository
    name: str
    identity: Callable[[], str]
    hide: Callable[[str], None]
    stored_keys_refused: bool = False


def connect(session: Session, role: RoleArn | None) -> Ecr:
    """Return ECR with credentials for the session's repository alone. Raises `LoginRefused`.

    With a `role`, the OIDC token is exchanged at STS for credentials of 15 minutes under an inline session policy, and
    again when a long release outlives them; without one, the SDK's default chain is asked, and gives no long-lived key
    where `stored_keys_refused`.
    """
    with _explained(f"assume the role {role}" if role else "log in to AWS"):
        sdk = boto3.Session(botocore_session=aws_models.core())
        if role is None:
            if session.stored_keys_refused:
                _refuse_stored_keys(sdk)
            return Ecr(lambda: sdk.client("ecr", region_name=session.region, config=_CONFIG))
        return Ecr(lambda: _assumed(sdk, session, role))


def _refuse_stored_keys(sdk: boto3.Session) -> None:
    """Raise `LoginRefused` for a key without an end: temporary credentials come with a session token."""
    found = sdk.get_credentials()
    if found is not None and not found.token:
        raise LoginRefused(
            "a stored AWS key is refused in a workflow run",
            why="a key that never ends can be copied out of any run; AWS_ACCESS_KEY_ID names one, or a file does",
            fix="give the role instead (secret TF_AWS_IAM_ROLE_…) with `permissions: id-token: write`, and delete the "
            "key; `goldenpath iam trust-policy` prints what the role must trust",
        )


def _assumed(sdk: boto3.Session, session: Session, role: RoleArn) -> ECRClient:
    identity = session.identity()
    session.hide(identity)
    with _explained(f"assume the role {role}"):
        unsigned = _CONFIG.merge(Config(signature_version=UNSIGNED))
        given = sdk.client("sts", region_name=session.region, config=unsigned).assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName=_NO_SESSION_CHARACTER.sub("-", session.name)[:_SESSION_NAME_LENGTH],
            WebIdentityToken=identity,
            DurationSeconds=SESSION_SECONDS,
            Policy=json.dumps(session_policy(session.region, role, session.repository), separators=(",", ":")),
        )["Credentials"]
        key, secret, token = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    for each in (secret, token):
        session.hide(each)
    return sdk.client(
        "ecr", region_name=session.region, config=_CONFIG,
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
    )  # fmt: skip


def session_policy(region: Region, role: RoleArn, repository: EcrRepository) -> dict[str, Any]:
    """Return the IAM policy of a session that may release to `repository` in the role's account, and nothing else."""
    return push_policy(role.split(":")[1], region, role.account, repository)


def push_policy(partition: str, region: Region, account: str, repository: EcrRepository) -> dict[str, Any]:
    """Return the IAM policy of who may release to one repository, and do nothing else."""
    resource = f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Effect": "Allow", "Action": list(PUSH_ACTIONS), "Resource": resource},
        ],
    }


_MISSING_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")
_OF_A_CLOCK = re.compile(r"Signature (expired|not yet current)")
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_BAD_LOGIN = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidIdentityToken",
        "IDPRejectedClaim", "InvalidSignatureException", "UnrecognizedClientException",
    }
)  # fmt: skip
# What the default chain raises where credentials are named, and are incomplete, expired or not to be had.
_LOGIN_UNUSABLE = (PartialCredentialsError, CredentialRetrievalError, ProfileNotFound, SSOError, TokenRetrievalError)


@contextmanager
def _explained(wish: str) -> Iterator[None]:
    """Turn what the AWS SDK raises into the error family; `wish` completes "could not …"."""
    try:
        yield
    except NoCredentialsError as error:
        raise LoginRefused(
            f"could not {wish}: there are no AWS credentials",
            fix="in a workflow name the role (--role-arn, from the secret TF_AWS_IAM_ROLE_…); at a terminal log in "
            "with the AWS CLI, or use `goldenpath local`",
        ) from error
    except _LOGIN_UNUSABLE as error:
        raise LoginRefused(
            f"could not {wish}: the AWS login of this machine cannot be used",
            why=str(error),
            fix="log in again with the AWS CLI, or mend what AWS_PROFILE and the AWS configuration name",
        ) from error
    except ClientError as error:
        raise _of_client_error(wish, error) from error
    except BotoCoreError as error:
        raise RegistryUnreachable(
            f"could not {wish}: AWS does not answer", why=str(error), fix="see that the network reaches AWS; run again"
        ) from error
    # The SDK makes an empty answer of one that was cut short.
    except (ResponseParserError, KeyError, IndexError, TypeError, ValueError) as error:
        raise RegistryUnreachable(
            f"could not {wish}: AWS gave an answer that cannot be read",
            why=f"{type(error).__name__}: {error}",
            fix="run again; if it persists, see what stands between the runner and AWS",
        ) from error


def _of_client_error(wish: str, error: ClientError) -> AccessDenied | LoginRefused | RegistryRefused:
    code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    why = f"{code}: {words}"
    if code in _DENIED and "AssumeRole" not in words:
        action = _MISSING_ACTION.search(words)
        named = f"the IAM action {action[1]}" if action else "the action it names"
        fix = f"ask the platform team to allow {named}; `goldenpath iam push-policy` prints all that a release needs"
        return AccessDenied(f"not allowed to {wish}", why=why, fix=fix)
    if _OF_A_CLOCK.search(words):
        return LoginRefused(
            f"could not {wish}: AWS and this machine differ about the time", why=why, fix="set its clock"
        )
    if code in _DENIED | _BAD_LOGIN:
        return LoginRefused(
            f"could not {wish}: AWS refused the login",
            why=why,
            fix="see that the role is the one of this environment and that its trust policy names this repository's "
            "`sub` (for repositories made since July 2026 also the form with numeric ids); "
            "an expired login is renewed by running again",
        )
    return RegistryRefused(f"could not {wish}", why=why, fix="run again; if it persists, show it to the platform team")
