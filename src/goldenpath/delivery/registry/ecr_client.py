"""AWS: temporary credentials from STS, and ECR's control plane. Credentials live in this process only.

Sources: AWS STS API reference, `AssumeRoleWithWebIdentity`; Amazon ECR API reference. Endpoints follow the SDK's own
variables (`AWS_ENDPOINT_URL`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`), and the registry's address comes
from ECR's responses: an emulator needs no special case.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.registry import ecr_endpoint, pushed_image, signing_status
from goldenpath.delivery.registry.archive import ImageArchive
from goldenpath.delivery.registry.iam import session_policy
from goldenpath.delivery.registry.registry_token import Login
from goldenpath.shared import aws_sdk, ecr, replication
from goldenpath.shared.aws_sdk import RELEASE_NEEDS, RoleSession, explained, unless_denied
from goldenpath.shared.errors import LoginRefused, RegistryRefused, RepositoryMissing
from goldenpath.shared.names import ROLE_SECRETS, AccountId, Digest, EcrRepository, Region, RoleArn, Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef

    from goldenpath.delivery.registry.pushed_image import PushedImage
    from goldenpath.delivery.registry.signing_status import SigningStatus
    from goldenpath.shared.aws_sdk import Sdk
    from goldenpath.shared.names import SigningProfile
    from goldenpath.shared.replication import Replica

SESSION_SECONDS = aws_sdk.RELEASE_SECONDS
RENEWAL_SECONDS = SESSION_SECONDS * 2 / 3
AT_A_TERMINAL = "log in with the AWS CLI, or use `goldenpath local`"


@dataclass(frozen=True)
class RepositoryInfo:
    """An ECR repository as ECR describes it; `uri` is the address an image is pulled from, without tag.

    `excluded` are the patterns of tags for which the opposite of `immutable` holds; `*` is their only wildcard.
    """

    name: EcrRepository
    uri: str
    account: str
    immutable: bool
    arn: str = ""
    excluded: tuple[str, ...] = ()

    def keeps(self, tag: Tag) -> bool:
        """Tell whether `tag`, once written, cannot be moved."""
        return self.immutable is not any(fnmatchcase(tag, pattern) for pattern in self.excluded)

    @property
    def kind(self) -> str:
        """Which tags can be moved, for people."""
        but = f", except {', '.join(self.excluded)}" if self.excluded else ""
        return f"{'immutable' if self.immutable else 'mutable'}{but}"


class Ecr:
    """ECR's control plane. `connect` gives a client with fresh credentials; a long release asks for several.

    The registry is that of `account`; without one, that of the credentials.
    """

    def __init__(self, connect: Callable[[], ECRClient], account: AccountId | None = None) -> None:
        self._connect = connect
        self._account = account
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
        with explained(f"describe the ECR repository {name}", needs=self._needs()):
            try:
                repository = ecr.repository(self._client, name, self._account)
            except self._client.exceptions.RepositoryNotFoundException as error:
                raise RepositoryMissing(
                    f"The ECR repository {name} does not exist in {self._place()}",
                    why=str(error),
                    fix=self._missing(f"make create-ecr APP={name} OWNER=… RISK=low ENV={environment or '…'}"),
                ) from error
            filters = repository.get("imageTagMutabilityExclusionFilters") or ()
            return RepositoryInfo(
                name=name,
                uri=repository["repositoryUri"],
                account=repository["registryId"],
                immutable=repository["imageTagMutability"].startswith("IMMUTABLE"),
                arn=repository["repositoryArn"],
                excluded=tuple(exclusion["filter"] for exclusion in filters),
            )

    def _place(self) -> str:
        region = self._client.meta.region_name
        return f"{region} of the AWS account {self._account}" if self._account else region

    def _missing(self, command: str) -> str:
        """Return what to do about a repository that is not there: perhaps another account's registry was meant."""
        create = f"ask the platform team for it, or create it in the platform's repository: {command}"
        if self._account:
            return f"correct `registry_account`; or {create}"
        return f"name the AWS account of its registry with `registry_account` if it is not the role's; else {create}"

    def _needs(self) -> str:
        if not self._account:
            return RELEASE_NEEDS
        return (
            f"{RELEASE_NEEDS}, and the policy of the repository in the account {self._account} must allow the role the "
            "same (docs/release.md)"
        )

    def tag(self, info: RepositoryInfo, key: str) -> str | None:
        """Return the value of the tag `key` of a repository (not of an image); empty where it has no such tag.

        `None` means that the role may not read tags: roles made before November 2026 lack the action.
        """
        tags = unless_denied(
            f"read the tags of the ECR repository {info.name}", lambda: ecr.repository_tags(self._client, info.arn)
        )
        return None if tags is None else tags.get(key, "")

    def login(self) -> Login:
        """Return a fresh login to the data plane, good for as long as the credentials are (12 hours at most)."""
        with explained("get a login for the registry"):
            registries: dict[str, Any] = {"registryIds": [self._account]} if self._account else {}
            response = self._client.get_authorization_token(**registries)["authorizationData"][0]
            token = response["authorizationToken"]
            password = base64.b64decode(token).decode().partition(":")[2]
            chosen: Any = self._client.meta.config
            endpoint = ecr_endpoint.data_plane(
                response["proxyEndpoint"],
                fips=bool(chosen.use_fips_endpoint),
                dual_stack=bool(chosen.use_dualstack_endpoint),
            )
            return Login(endpoint, f"Basic {token}", (token, password))

    def tags_of(self, name: EcrRepository, digest: Digest) -> tuple[Tag, ...]:
        """Return the tags that name `digest`; none when it has none, or is not there."""
        return self.pushed_image(name, digest).tags

    def pushed_image(self, name: EcrRepository, digest: Digest) -> PushedImage:
        """Return the tags of `digest` and when it was pushed; neither when it is not there."""
        with explained(f"look at the image {digest} of {name}"):
            return pushed_image.described(self._client, name, digest, self._account)

    def newest_tags(self, name: EcrRepository, prefix: str) -> tuple[Tag, ...]:
        """Return a tag that begins with `prefix` of each image that has one, the image pushed last first."""
        with explained(f"list the images of {name}"):
            images = ecr.images(self._client, name, self._account)
        newest = [
            (image["imagePushedAt"], max(tags))
            for image in images
            if (tags := [tag for tag in image.get("imageTags") or () if tag.startswith(prefix)])
        ]
        return tuple(Tag(tag) for _, tag in sorted(newest, reverse=True))

    def archive(self, name: EcrRepository) -> ImageArchive:
        """Return the images of the repository that are archived: the registry API says that they are not there."""
        with explained(f"list the archived images of {name}"):
            return ImageArchive.of(ecr.archived_images(self._client, name, self._account))

    def replicas(self, name: EcrRepository) -> tuple[Replica, ...]:
        """Return where ECR copies the images of the repository to, as far as the role may know that."""
        if self._account:
            return ()  # ECR describes the registry of the credentials only, here and below
        return unless_denied("read the registry's replication", lambda: replication.replicas(self._client, name)) or ()

    def signing_profiles(self, name: EcrRepository) -> tuple[SigningProfile, ...] | None:
        """Return the profiles that ECR signs the images of the repository with; `None` where that is not known."""
        if self._account:
            return None
        return unless_denied("read the registry's signing rules", lambda: signing_status.profiles(self._client, name))

    def signing_statuses(self, name: EcrRepository, digest: Digest) -> tuple[SigningStatus, ...]:
        """Return the status of the signature of an image for each profile that ECR signs it with."""
        with explained(f"read the signing status of {digest}"):
            return signing_status.statuses(self._client, name, digest, self._account)

    def signatures(self, name: EcrRepository, digest: Digest) -> tuple[Digest, ...]:
        """Return the digests of the signatures of an image."""
        with explained(f"list the signatures of {digest}"):
            return signing_status.signatures(self._client, name, digest, self._account)

    def delete_images(self, name: EcrRepository, images: Sequence[Tag | Digest]) -> tuple[Digest, ...]:
        """Remove tags, or whole manifests by digest; return the digests that stay, because an index lists them.

        An image that is gone already counts as removed. Raises `RegistryRefused`, which names the others that stay.
        """
        wanted: list[Any] = [
            {"imageDigest": image} if isinstance(image, Digest) else {"imageTag": image} for image in images
        ]
        with explained(f"remove images from {name}"):
            failures = ecr.delete(self._client, name, wanted, self._account)
            listed = tuple(Digest(failure["imageId"]["imageDigest"]) for failure in failures if _is_listed(failure))
            refused = [failure for failure in failures if not _is_listed(failure)]
        if refused:
            raise RegistryRefused(
                f"ECR did not remove {len(refused)} of {len(wanted)} images from {name}",
                why="; ".join(f"{failure.get('imageId')}: {failure.get('failureReason')}" for failure in refused),
                fix="Remove them by hand with `aws ecr batch-delete-image`",
            )
        return listed


def _is_listed(failure: ImageFailureTypeDef) -> bool:
    """Tell whether an image that was to go only by its digest stays, because an index lists it."""
    asked = failure.get("imageId", {})
    by_digest = "imageDigest" in asked and "imageTag" not in asked
    return by_digest and failure.get("failureCode") == "ImageReferencedByManifestList"


@dataclass(frozen=True)
class Session:
    """A request for credentials for one repository only; CloudTrail shows `name`.

    `identity` gives a fresh OIDC token, and `hide` takes every secret before it is used, to keep it out of the log.
    `way_in` says how to log in where there are no credentials. The repository is in `account`; without one, in the
    account of the credentials. A push is signed by ECR with these `signing_profiles` and the rights of the session.
    """

    region: Region
    repository: EcrRepository
    name: str
    identity: Callable[[], str]
    hide: Callable[[str], None]
    stored_keys_refused: bool = False
    read_only: bool = False
    way_in: str = AT_A_TERMINAL
    account: AccountId | None = None
    signing_profiles: tuple[SigningProfile, ...] = ()


def connect(session: Session, role: RoleArn | None) -> Ecr:
    """Return ECR with credentials for the session's repository only. Raises `LoginRefused`.

    With a `role`, the OIDC token is exchanged at STS for credentials of 15 minutes under an inline session policy, and
    again when a long release outlives them; without one, the SDK's default chain is asked, and gives no long-lived key
    where `stored_keys_refused`.
    """
    with explained(f"assume the role {role}" if role else "log in to AWS"):
        sdk = aws_sdk.session()
        if role is None:
            _require_credentials(sdk, session)
            return Ecr(lambda: aws_sdk.client(sdk, "ecr", session.region), session.account)
        return Ecr(lambda: _assumed(sdk, session, role), session.account)


def assumed_role(session: Session) -> str:
    """Return the ARN of the role's session that the SDK's default chain gives; empty where it is no role's."""
    with explained("ask AWS whose login this is"):
        arn = aws_sdk.caller(aws_sdk.session(), session.region)
    return arn if ":assumed-role/" in arn else ""


def _require_credentials(sdk: Sdk, session: Session) -> None:
    """Raise `LoginRefused` when there are none, and for a key without an end where those are refused.

    Temporary credentials come with a session token.
    """
    credentials = sdk.get_credentials()
    if credentials is None:
        raise LoginRefused("There are no AWS credentials, and no role was named", fix=session.way_in)
    if session.stored_keys_refused and not credentials.token:
        raise LoginRefused(
            "A stored AWS key is refused in a workflow run",
            why="A key that never ends can be copied out of any run; AWS_ACCESS_KEY_ID names one, or a file does",
            fix=f"Give the role instead (secret {ROLE_SECRETS}…) with `permissions: id-token: write`, and delete the "
            "key; `goldenpath iam trust-policy` prints what the role must trust",
        )


def _assumed(sdk: Sdk, session: Session, role: RoleArn) -> ECRClient:
    identity = session.identity()
    session.hide(identity)
    policy = session_policy(
        session.region, role, session.repository, account=session.account, read_only=session.read_only,
        signing_profiles=session.signing_profiles,
    )  # fmt: skip
    key = aws_sdk.exchanged(sdk, RoleSession(role, session.region, session.name, SESSION_SECONDS, policy), identity)
    for secret in (key.secret, key.token):
        session.hide(secret)
    client: ECRClient = aws_sdk.client(sdk, "ecr", session.region, key)
    return client
