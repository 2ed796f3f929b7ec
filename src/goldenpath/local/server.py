"""Start and stop the local services together: a real registry, an AWS emulator and a part of GitHub, on loopback.

Only env variables with their endpoints (`Local.environment`) lead a run to them: no stage knows that this is not AWS.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from moto.core.exceptions import ServiceException
from moto.ecr.models import ecr_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends

from goldenpath.delivery.release import binding
from goldenpath.local.aws.data_plane import DataPlane
from goldenpath.local.aws.ecr import EcrApi
from goldenpath.local.aws.ecr_store import EcrStore
from goldenpath.local.aws.emulator import AwsEmulator
from goldenpath.local.aws.principals import Logins
from goldenpath.local.aws.registry_front import RegistryFront
from goldenpath.local.aws.registry_process import RegistryProcess
from goldenpath.local.aws.sts import Sts, provider_arn, trust_policy
from goldenpath.local.control import Control, Seed
from goldenpath.local.github import oidc
from goldenpath.local.github.api import GitHubEmulator
from goldenpath.local.github.code_scanning import SarifStore, SarifUpload
from goldenpath.local.serving import LOG, ServerThread, origin, wsgi_server
from goldenpath.shared.errors import LocalTrouble, ToolMissing
from goldenpath.shared.names import DEFAULT_REGION, EcrRepository
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType


_AUDIENCE = "sts.amazonaws.com"
_ADMIN = "local-admin"
# moto keeps one set of accounts per process.
_ACCOUNTS_IN_USE: set[str] = set()
_STARTING = threading.Lock()


@dataclass(frozen=True)
class AccessKey:
    """The access key of the emulator's administrator, to set up resources with any AWS client."""

    id: str
    secret: str


class Local:
    """The running services; a context manager that stops them at the end and drops their content."""

    github_class: ClassVar[type[GitHubEmulator]] = GitHubEmulator
    ecr_class: ClassVar[type[EcrApi]] = EcrApi

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self._ending = contextlib.ExitStack()
        self._logins = Logins()
        self._scanning = SarifStore()
        self._issuer = oidc.TokenIssuer()

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        account: str = "123456789012",
        region: str = DEFAULT_REGION,
        program: Path | None = None,
    ) -> Self:
        """Start everything on free loopback ports, with an empty registry, keeping storage and logs in `folder`.

        `program` is the registry; by default the toolchain provides it. Raises `LocalTrouble` when the program is
        not available or does not start, or when this process already runs an emulator with the same `account`.
        """
        local = cls(account, region)
        # A caller that ends without `stop` must not leave a registry running.
        atexit.register(local.stop)
        try:
            local._claim(folder)
            local._log_to(folder)
            local._run(folder, program or _registry_program())
        except BaseException:
            local.stop()
            raise
        return local

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything. Safe to call twice."""
        atexit.unregister(self.stop)
        self._ending.close()

    @property
    def registry_host(self) -> str:
        """The registry's host as image names have it: `127.0.0.1:port`."""
        return self._front.host

    @property
    def admin(self) -> AccessKey:
        """The administrator's key."""
        return self._admin

    @property
    def store(self) -> EcrStore:
        """The state of ECR's control plane, for tests that set the scene."""
        return self._store

    @property
    def control_url(self) -> str:
        """The URL of the control API, for other processes of the same user."""
        return origin(self._control_server)

    @property
    def control_token(self) -> str:
        """The token that the control API requires."""
        return self._control.token

    @property
    def github_url(self) -> str:
        """The URL of the GitHub emulator."""
        return origin(self._github_server)

    def create_repository(self, name: str, *, immutable: bool = False, tags: Mapping[str, str] | None = None) -> None:
        """Create the ECR repository `name`, or set the tags and the mutability of an existing one."""
        self._store.create(name, immutable=immutable, tags=tags or {})

    def create_role(self, name: str, *, subjects: Sequence[str] = ("repo:*",), trust: str = "") -> str:
        """Create the role `name`, or replace its trust policy, and return its ARN.

        `trust` is that policy (JSON). Without it, workflows whose OIDC subject matches one of `subjects` may assume the
        role; `*` is a wildcard.
        """
        policy = trust or trust_policy(self.account, tuple(subjects))
        iam = iam_backends[self.account]["aws"]
        for role in iam.get_roles():
            if role.name == name:
                role.assume_role_policy_document = policy
                return role.arn
        return iam.create_role(
            role_name=name,
            assume_role_policy_document=policy,
            path="/",
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration="3600",
        ).arn

    def environment(
        self, *, subject: str = "repo:local/app:ref:refs/heads/main", repository: str = "local/app"
    ) -> dict[str, str]:
        """Return the env variables that lead the workflow run of `subject` here instead of to AWS and GitHub."""
        return {
            "AWS_ENDPOINT_URL": origin(self._aws_server),
            "AWS_REGION": self.region,
            "ACTIONS_ID_TOKEN_REQUEST_URL": oidc.request_url(self.github_url, subject=subject, repository=repository),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self._issuer.request_token,
            "GITHUB_API_URL": self.github_url,
            "GITHUB_TOKEN": self._github.token,
        }

    def tags(self, repository: str) -> dict[str, str]:
        """Return every tag of `repository` with its digest, as the real registry reports them."""
        return self._registry.tags(repository)

    def manifests(self, repository: str) -> set[str]:
        """Return the digest of every manifest that the real registry serves in `repository`, tagged or not."""
        return self._registry.manifests(repository)

    def uploads(self) -> list[SarifUpload]:
        """Return the accepted SARIF uploads, oldest first."""
        return self._scanning.uploads()

    def expire_logins(self) -> None:
        """Let every registry login and every session issued so far expire now."""
        self._logins.expire()
        self._sts.expire()

    def id_token(self, *, lifetime: int = 300, **claims: str) -> str:
        """Return a signed OIDC token; `lifetime` is in seconds; negative makes an expired one."""
        return self._issuer.issue(oidc.claims_of({"audience": _AUDIENCE, **claims}), lifetime=lifetime)

    def _claim(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self._ending.enter_context((folder / "lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalTrouble(
                f"Another emulator is running in {folder}",
                fix="Use that one, stop it with `goldenpath local down`, or choose another folder",
            ) from None
        with _STARTING:
            if self.account in _ACCOUNTS_IN_USE:
                raise LocalTrouble(
                    f"Account {self.account} is in use by another emulator in this process",
                    fix="Stop that one first, or give this one another account",
                )
            _ACCOUNTS_IN_USE.add(self.account)
        self._ending.callback(_ACCOUNTS_IN_USE.discard, self.account)

    def _log_to(self, folder: Path) -> None:
        handler = logging.FileHandler(folder / "local.log", mode="w", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        LOG.propagate = False
        LOG.setLevel(logging.INFO)
        LOG.addHandler(handler)
        self._ending.callback(handler.close)
        self._ending.callback(LOG.removeHandler, handler)

    def _run(self, folder: Path, program: Path) -> None:
        self._registry = RegistryProcess.start(program, folder)
        self._ending.callback(self._registry.stop)
        self._seed_account()
        self._store = EcrStore(self.account, self.region, self._registry)
        self._sts = Sts(self.account, self.region, self._issuer.public_key)
        self._front = RegistryFront(self._store, DataPlane(self._store, self._logins))
        self._front.api = self.ecr_class(self._store, self._logins, self._front.host)
        self._aws_server = wsgi_server(AwsEmulator(self._sts, self._front.api))
        self._github = self.github_class(self._issuer, self._scanning)
        self._github_server = wsgi_server(self._github)
        self._control = Control(self._apply_seed)
        self._control_server = wsgi_server(self._control)
        for server in (self._front, self._aws_server, self._github_server, self._control_server):
            self._ending.callback(ServerThread(server).stop)

    def _apply_seed(self, seed: Seed) -> None:
        try:
            for name in (*seed.repositories, *seed.immutable_repositories):
                fixed = name in seed.immutable_repositories
                tags = {binding.TAG: seed.environment} if seed.environment else {}
                self.create_repository(EcrRepository(name), immutable=fixed, tags=tags)
            for name in seed.roles:
                self.create_role(name)
        except ServiceException as error:
            raise ValueError(str(error)) from error

    def _seed_account(self) -> None:
        for backend in (iam_backends[self.account]["aws"], sts_backends[self.account]["aws"]):
            backend.reset()
        ecr_backends[self.account][self.region].reset()
        s3_backends[self.account]["aws"].reset()
        iam = iam_backends[self.account]["aws"]
        iam.create_open_id_connect_provider(f"https://{oidc.ISSUER}", [], [_AUDIENCE], [])
        assert provider_arn(self.account) in iam.open_id_providers  # noqa: S101  moto derives it the same way
        iam.create_user("us-east-1", _ADMIN)
        key = iam.create_access_key(_ADMIN)
        self._admin = AccessKey(key.access_key_id, key.secret_access_key)


def _registry_program() -> Path:
    try:
        return Toolchain.load().provide("registry").path
    except ToolMissing as error:
        raise LocalTrouble("The registry program is not available", why=str(error), fix=error.fix) from error
