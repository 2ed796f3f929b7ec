"""The way in: who we are to AWS, and the one repository that is opened for a release once it is the expected one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath import runner
from goldenpath.errors import WrongAccount
from goldenpath.model.names import ANY_ROLE, role_secret
from goldenpath.services import aws, oidc
from goldenpath.services.oci_registry import OciRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.model.names import AccountId, EcrRepository, Region, RoleArn
    from goldenpath.runner import Runner
    from goldenpath.services.aws import Ecr, RepositoryInfo


@dataclass(frozen=True)
class Access:
    """What is opened, and as whom. Without a `role` the SDK's default chain is asked; no `accounts` means any.

    `environment` is what the repository is of, where that is known. A workflow run gets in with a key that never ends
    only where `stored_keys_allowed`.
    What is opened `read_only` cannot be changed, whatever the role may do.
    """

    region: Region
    repository: EcrRepository
    role: RoleArn | None = None
    accounts: tuple[AccountId, ...] = ()
    environment: str = ""
    stored_keys_allowed: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Opened:
    """A repository that is open: both planes of it, and what ECR says it is."""

    ecr: Ecr
    info: RepositoryInfo
    registry: OciRegistry


@contextmanager
def opened(access: Access, here: Runner) -> Iterator[Opened]:
    """Log in and give the repository for as long as the block lasts.

    Raises `LoginRefused`, `AccessDenied`, `RepositoryMissing`, or `WrongAccount` when it is not where it must be.
    """
    if access.role is not None:
        require_account(access, access.role.account, f"the role {access.role}")
    session = aws.Session(
        region=access.region,
        repository=access.repository,
        name=f"goldenpath-{here.repository.replace('/', '-')}-{here.run_id}",
        identity=lambda: oidc.token(runner.variables()),
        hide=here.mask,
        stored_keys_refused=here.in_actions and not access.stored_keys_allowed,
        read_only=access.read_only,
        way_in=_way_in(access.environment) if here.in_actions else aws.AT_A_TERMINAL,
    )
    ecr = aws.connect(session, access.role)
    info = ecr.describe(access.repository, access.environment)
    require_account(access, info.account, f"the repository {access.repository}")
    login = _masked(ecr, here.mask)
    registry = OciRegistry(login(), access.repository, renew=login)
    try:
        yield Opened(ecr, info, registry)
    finally:
        registry.close()


def _way_in(environment: str) -> str:
    """Return how a workflow run is given its role. `local` has none of its own, and a receipt may not tell."""
    secrets = [role_secret(environment)] if environment not in {"", "local"} else []
    return (
        f"set the secret {' or '.join([*secrets, ANY_ROLE])} in the repository or its organisation and pass it "
        "on with `secrets: inherit`; a workflow of your own gives the role as `role_arn`"
    )


def require_account(access: Access, found: str, what: str) -> None:
    """Raise `WrongAccount` unless `found` is one of the accounts that this release may go to."""
    if access.accounts and found not in access.accounts:
        raise WrongAccount(
            f"{what} is in the AWS account {found}",
            why=f"only {', '.join(access.accounts)} may be released to",
            fix="give the role of the environment that you mean, or correct `allowed_account_ids`",
        )


def _masked(ecr: Ecr, hide: Callable[[str], None]) -> Callable[[], aws.Login]:
    def login() -> aws.Login:
        given = ecr.login()
        for secret in given.secrets:
            hide(secret)
        return given

    return login
