"""Log in to AWS, check account, role and environment, and open the one ECR repository of a release."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.model.event import is_by_dependabot
from goldenpath.delivery.registry import sdk_preload
from goldenpath.delivery.registry.oci_registry import OciRegistry
from goldenpath.delivery.release import binding
from goldenpath.delivery.release.binding import Target
from goldenpath.delivery.rules import matrix
from goldenpath.shared import oidc, runner
from goldenpath.shared.errors import WrongAccount
from goldenpath.shared.names import ANY_ROLE, AUDIENCE, role_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.delivery.registry import ecr_client
    from goldenpath.delivery.registry.ecr_client import Ecr, RepositoryInfo
    from goldenpath.delivery.registry.registry_token import Login
    from goldenpath.delivery.rules.matrix import Policy
    from goldenpath.shared.names import AccountId, EcrRepository, Region, RoleArn, SigningProfile
    from goldenpath.shared.runner import Runner


@dataclass(frozen=True)
class Access:
    """The ECR repository to open, the `environment` whose rules apply, and the identity to use.

    Without a `role` the SDK's default chain is asked; no `accounts` means any that the policy does not keep for another
    environment. A workflow run gets in with a key that never ends only where `stored_keys_allowed`.
    What is opened `read_only` cannot be changed, whatever the role may do. `audience` is whom the OIDC token of a
    workflow run is for. The registry is that of the `registry_account`; without one, that of the role or the login.
    """

    region: Region
    repository: EcrRepository
    environment: str
    policy: Policy
    role: RoleArn | None = None
    accounts: tuple[AccountId, ...] = ()
    stored_keys_allowed: bool = False
    read_only: bool = False
    audience: str = AUDIENCE
    registry_account: AccountId | None = None


@dataclass(frozen=True)
class EcrConnection:
    """An open ECR repository: its control plane, its registry API, and ECR's description of it.

    `unbound` is a warning where nothing says that it belongs to the environment of the run.
    """

    ecr: Ecr
    info: RepositoryInfo
    registry: OciRegistry
    unbound: str = ""


@contextmanager
def open_repository(access: Access, here: Runner) -> Iterator[EcrConnection]:
    """Log in and yield the connection to the repository for as long as the block lasts.

    Raises `LoginRefused`, `AccessDenied`, `RepositoryMissing`, `WrongAccount` when it is not where it must be, and
    `WrongEnvironment` when the rules of this run are not the ones that may open it.
    """
    if access.role is not None:
        # Before STS is asked: a role of another environment is not even assumed (docs/adr/0012-what-a-role-opens.md,
        # decision 1).
        _require_role(access, access.role)
    sdk_preload.load().join()  # two threads that import the same modules could see them half imported
    from goldenpath.delivery.registry import ecr_client  # noqa: PLC0415  the SDK takes a moment to load

    session = ecr_client.Session(
        region=access.region,
        repository=access.repository,
        name=f"goldenpath-{here.repository.replace('/', '-')}-{here.run_id}",
        identity=lambda: oidc.token(runner.variables(), access.audience),
        hide=here.mask,
        stored_keys_refused=here.in_actions and not access.stored_keys_allowed,
        read_only=access.read_only,
        way_in=_way_in(access.environment, here) if here.in_actions else ecr_client.AT_A_TERMINAL,
        account=access.registry_account,
        signing_profiles=() if access.read_only else _signing_profiles(access),
    )
    ecr = ecr_client.connect(session, access.role)
    info = ecr.describe(access.repository, access.environment)
    # ECR says where the repository is. The role's account does not: it may be opened in another one.
    require_account(access, info.account, f"The ECR repository {access.repository}")
    # Before the login to the registry, with which blobs could be sent.
    unbound = _require_environment(access, session, ecr, info, at_terminal=not here.in_actions)
    login = masked_login(ecr, here.mask)
    registry = OciRegistry(login(), access.repository, renew=login)
    try:
        yield EcrConnection(ecr, info, registry, unbound)
    finally:
        registry.close()


def _signing_profiles(access: Access) -> tuple[SigningProfile, ...]:
    """Return the profiles that the rules name; none for a receipt of an environment that there is no more."""
    named = [rules.signing_profiles for rules in access.policy.environments if rules.name == access.environment]
    return named[0] if named else ()


def _require_role(access: Access, role: RoleArn) -> None:
    """Raise `WrongAccount` or `WrongEnvironment` for a role that must not be assumed, before anybody assumes it.

    A role releases to the registry of its own account unless another one is named. Its own may then be listed nowhere,
    but not for another environment only.
    """
    account = access.registry_account or role.account
    what = f"The role {role}" if account == role.account else "The registry"
    require_account(access, account, what)
    binding.require_own(access.policy, access.environment, Target(account, role))
    # Another account's registry must not be a way around what the policy says about the role's own account.
    binding.require_not_others(access.policy, access.environment, role.account)


def _require_environment(
    access: Access, session: ecr_client.Session, ecr: Ecr, info: RepositoryInfo, *, at_terminal: bool
) -> str:
    """Raise `WrongEnvironment` for what is bound to another environment; return a warning where nothing binds it."""
    role: str = access.role or ""
    if not role and binding.lists_roles(access.policy):
        from goldenpath.delivery.registry import ecr_client  # noqa: PLC0415  as above

        role = ecr_client.assumed_role(session)
    tag = ecr.tag(info, binding.TAG)
    target = Target(info.account, role, info.name, tag, login=at_terminal and access.role is None)
    binding.require_own(access.policy, access.environment, target)
    return binding.unbound(access.policy, access.environment, target)


def _way_in(environment: str, here: Runner) -> str:
    """Return how a workflow run gets its role. `local` has none of its own, and a receipt may name no environment."""
    if is_by_dependabot(here.event):
        return (
            "Dependabot started this run, and GitHub gives it no secrets of Actions: release to this environment from "
            "other branches only, as docs/templates/workflows/delivery.yml does"
        )
    secrets = [role_secret(environment)] if environment not in {"", matrix.LOCAL} else []
    return (
        f"Set the secret {' or '.join([*secrets, ANY_ROLE])} in the repository or its organisation and pass it "
        "on with `secrets: inherit`; a workflow of your own gives the role as `role_arn`"
    )


def require_account(access: Access, account: str, what: str) -> None:
    """Raise `WrongAccount` unless this release may go to `account`."""
    if access.accounts and account not in access.accounts:
        raise WrongAccount(
            f"{what} is in the AWS account {account}",
            why=f"Releases may go only to {', '.join(access.accounts)}",
            fix="Give the role of the environment that you mean, or correct `allowed_account_ids`",
        )


def masked_login(ecr: Ecr, hide: Callable[[str], None]) -> Callable[[], Login]:
    """Return a function that gives a fresh login to the registry API, with its secrets hidden from the log."""

    def login() -> Login:
        given = ecr.login()
        for secret in given.secrets:
            hide(secret)
        return given

    return login
