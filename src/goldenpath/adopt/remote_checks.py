"""The checks of `goldenpath doctor` that ask GitHub and AWS, as far as the login allows; nothing is ever changed.

Sources: GitHub REST API, "Get a repository" and "List repository secrets"; Amazon ECR API, `DescribeRepositories`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from goldenpath.adopt.remark import error, good, left_out, warning
from goldenpath.errors import GoldenPathError, RepositoryMissing
from goldenpath.model.names import ANY_ROLE, RoleArn, role_secret
from goldenpath.policy import matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.adopt.called import Called, Caller
    from goldenpath.adopt.protection_checks import BranchRules
    from goldenpath.adopt.remark import Remark
    from goldenpath.model.names import EcrRepository
    from goldenpath.services.aws import RepositoryInfo


class Forge(Protocol):
    """What GitHub says of one repository; each answer is `None` where the token may not look."""

    @property
    def default_branch(self) -> str | None:
        """The default branch."""

    @property
    def code_security(self) -> bool | None:
        """Whether code scanning takes results."""

    @property
    def secrets(self) -> frozenset[str] | None:
        """The names of the secrets that a workflow of the repository sees: its own and the organisation's."""

    def branch_rules(self, branch: str) -> BranchRules | None:
        """What GitHub demands of a change to `branch`."""

    def tag_rules(self, tag: str) -> frozenset[str] | None:
        """The types of the rules that GitHub enforces for a tag of this name."""


def secrets(caller: Caller, platform: Called, forge: Forge | None, slug: str) -> Iterator[Remark]:
    """Yield whether the role of each environment has its secret."""
    for environment in matrix.load().environments:
        name = role_secret(environment.name)
        if name not in platform.secrets:
            continue
        if caller.secrets is not None and not caller.secrets & {name, ANY_ROLE}:
            what = f"{caller.file} hands on no role for {environment.name}"
            yield warning("secrets", what, f"write `secrets: inherit`, or hand on {name}")
        else:
            yield _secret(environment.name, name, forge.secrets if forge else None, slug)


def _secret(environment: str, name: str, known: frozenset[str] | None, slug: str) -> Remark:
    if known is None:
        fix = f"see that `gh secret list --repo {slug or 'OWNER/REPO'}` has it, or give a GITHUB_TOKEN that may look"
        return left_out("secrets", f"{environment} needs the secret {name}", fix)
    if known & {name, ANY_ROLE}:
        return good("secrets", f"{environment} has {name if name in known else ANY_ROLE}")
    fix = f"ask the platform team for the role, then: gh secret set {name} --repo {slug} --body arn:aws:iam::…:role/…"
    return warning("secrets", f"{environment} has no role: neither {name} nor {ANY_ROLE} is there", fix)


def role(arn: str, slug: str) -> Remark:
    """Return whether `arn` is a role's, and how to see that it trusts the repository `slug`."""
    how = f"goldenpath iam trust-policy --help  # prints what the role of {slug or 'this repository'} must trust"
    if not arn:
        return left_out("role", "no role was named, so none was looked at", f"name one with --role-arn; {how}")
    if not RoleArn.pattern.fullmatch(arn):
        return error("role", f"`{arn}` is not {RoleArn.rule}", "give the ARN of the role, as IAM shows it")
    return good("role", f"the ARN is well formed; what it must trust: {how}")


def code_security(forge: Forge | None) -> Remark:
    """Return whether GitHub takes the findings of blocking environments."""
    known = forge.code_security if forge else None
    fix = "Settings → Advanced Security → Code Security (public repositories have it)"
    if known is None:
        return left_out("code security", "whether GitHub takes SARIF is not known here", f"see {fix}")
    if known:
        return good("code security", "GitHub takes SARIF")
    return error("code security", "Code Security is off: the findings of test, staging and prod are refused", fix)


def registry(name: EcrRepository | None, describe: Callable[[EcrRepository], RepositoryInfo] | None) -> Remark:
    """Return whether the ECR repository is there, when AWS can be asked."""
    if name is None or describe is None:
        fix = "log in to AWS and give --aws-region" if name else "name it in the workflow's `ecr_repository`"
        return left_out("registry", f"whether the ECR repository {name or ''} exists was not asked", fix)
    try:
        found = describe(name)
    except RepositoryMissing as problem:
        return error("registry", problem.what, problem.fix)
    except GoldenPathError as problem:
        return left_out("registry", problem.what, problem.fix)
    return good("registry", f"{found.uri} is there")
