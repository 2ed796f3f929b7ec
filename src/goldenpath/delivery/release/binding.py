"""Which environment a role, an AWS account and an ECR repository belong to, and whether a run's rules may open them.

Whoever asks for a release chooses the environment, and with it the rules. So what is opened must belong to that
environment by something that only the platform writes: its policy, and the repository's tag. Pure; reasons and costs:
docs/adr/0012-what-a-role-opens.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.rules.matrix import POLICY_FILE
from goldenpath.shared.errors import WrongEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.rules.matrix import Policy

# Terraform writes it when the repository is made. A role of a release has no `ecr:TagResource`, so it cannot write
# it.
TAG = "goldenpath.idp/environment"


@dataclass(frozen=True)
class Target:
    """What a run opens: an AWS `account` with a `role` (the ARN of it or of its session), then an ECR `repository`.

    What is empty is not known yet, or there is none. `tag` is the environment that the repository's tag names: empty
    where it has no such tag, `None` where the role may not read tags. At a terminal the role may be a `login` of one's
    own, which no environment has to list.
    """

    account: str
    role: str = ""
    repository: str = ""
    tag: str | None = ""
    login: bool = False


@dataclass(frozen=True)
class _Owned:
    """Something that a run opens: `what` it is, the environments that it belongs to, and the `source` of that."""

    what: str
    owners: tuple[str, ...]
    source: str


def require_own(policy: Policy, environment: str, target: Target) -> None:
    """Raise `WrongEnvironment` if anything of `target` is not for the rules of `environment` to open."""
    for owned in _owned(policy, environment, target):
        # Account, role and repository are judged one by one: two that are right do not excuse a third.
        if environment in owned.owners:
            continue
        if owned.owners:
            owners = " and ".join(owned.owners)
            raise WrongEnvironment(
                f"{owned.what} belongs to {owners}, and this run follows "
                f"the rules of {environment or 'no environment'}",
                why=f"{owned.source} says so; only the rules of that environment may open it",
                fix=f"Deliver to {owned.owners[0]}, or give the role and the ECR repository of {environment}; a wrong "
                "entry or tag is corrected by the platform team",
            )
        raise WrongEnvironment(
            f"{owned.what} does not belong to {environment}",
            why=f"{owned.source} lists what {environment} may open, and this is not listed",
            fix=f"Give the role of {environment}, or have the platform team add it there",
        )


def require_not_others(policy: Policy, environment: str, account: str) -> None:
    """Raise `WrongEnvironment` if the policy lists `account` for other environments only."""
    owners = tuple(owner.name for owner in policy.environments if account in owner.accounts)
    if owners and environment not in owners:
        require_own(policy, environment, Target(account))


def unbound(policy: Policy, environment: str, target: Target) -> str:
    """Return a warning if nothing says that `target` belongs to `environment` only; empty if something does.

    Raises `WrongEnvironment` instead where the policy refuses such a release.
    """
    # An account that dev and prod share binds nothing: dev's rules would open prod's repositories in it.
    if any(owned.owners == (environment,) for owned in _owned(policy, environment, target)):
        return ""
    what = f"Nothing says that the ECR repository {target.repository} belongs to {environment} only"
    if target.tag is None:
        why = f"Its tag {TAG} could not be read: the role lacks ecr:ListTagsForResource"
        fix = "Add that action to the role: `goldenpath iam push-policy` prints all that it needs"
    else:
        why = f"It has no tag {TAG}, and {POLICY_FILE} lists neither its account nor the role for {environment} only"
        fix = f"Have the platform team add the tag {TAG} = {environment} to it, or list its account in {POLICY_FILE}"
    # A choice of the platform: by default registries from before the tag keep working
    # (docs/adr/0012-what-a-role-opens.md, decision 3).
    if policy.unbound_refused:
        raise WrongEnvironment(what, why=f"{why}; {POLICY_FILE} says `unbound: refused`", fix=fix)
    return f"{what}. {why}. {fix}."


def lists_roles(policy: Policy) -> bool:
    """Tell whether the role of a login matters: some environment lists roles."""
    return any(environment.roles for environment in policy.environments)


def _owned(policy: Policy, environment: str, target: Target) -> Iterator[_Owned]:
    """Yield what `target` consists of, as far as something binds it or `environment` is bound to other things."""
    accounts = {listed.name: listed.accounts for listed in policy.environments}
    owners = tuple(name for name, listed in accounts.items() if target.account in listed)
    # An environment that lists accounts opens no others, so one line protects prod
    # (docs/adr/0012-what-a-role-opens.md, decision 2).
    if owners or accounts.get(environment):
        yield _Owned(f"The AWS account {target.account}", owners, POLICY_FILE)
    roles = {listed.name: listed.roles for listed in policy.environments}
    owners = tuple(name for name, listed in roles.items() if _identity(target.role) in map(_identity, listed))
    if target.role and (owners or (roles.get(environment) and not target.login)):
        yield _Owned(f"The role {target.role}", owners, POLICY_FILE)
    if target.tag:
        yield _Owned(f"The ECR repository {target.repository}", (target.tag,), f"Its tag {TAG}")


def _identity(arn: str) -> tuple[str, str]:
    """Return the account and the name of a role. Its path is not in the ARN of a session, and names are unique.

    IAM does not tell names apart by case. (IAM API reference, `CreateRole`.)
    """
    parts = arn.split(":")
    if len(parts) != 6 or not parts[5].startswith(("role/", "assumed-role/")):  # noqa: PLR2004  an ARN has six
        return ("", arn)
    names = parts[5].split("/")
    return parts[4], (names[1] if names[0] == "assumed-role" else names[-1]).casefold()
