"""Checks of `goldenpath doctor` that need GitHub or AWS. They only read, as far as the login allows.

Sources: GitHub REST API, "Get a repository" and "List repository secrets"; Amazon ECR API, `DescribeRepositories` and
`ListTagsForResource`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from goldenpath.delivery.release import binding
from goldenpath.delivery.rules import matrix
from goldenpath.shared.check_result import error, good, left_out, warning
from goldenpath.shared.errors import GoldenPathError, RepositoryMissing
from goldenpath.shared.names import ANY_ROLE, RoleArn, role_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.delivery.adoption.protection_checks import BranchRules
    from goldenpath.delivery.adoption.reusable_workflow import Caller, ReusableWorkflow
    from goldenpath.delivery.registry.ecr_client import RepositoryInfo
    from goldenpath.shared.check_result import Remark
    from goldenpath.shared.names import EcrRepository


class RepositoryFacts(Protocol):
    """The facts that GitHub has about one repository; a fact is `None` where the token may not read it."""

    @property
    def default_branch(self) -> str | None:
        """The default branch."""

    @property
    def branches(self) -> frozenset[str] | None:
        """The names of all branches."""

    @property
    def code_security(self) -> bool | None:
        """Whether code scanning accepts results."""

    @property
    def secrets(self) -> frozenset[str] | None:
        """The names of the secrets that a workflow can read: the repository's and the organisation's."""

    def branch_rules(self, branch: str) -> BranchRules | None:
        """The rules of GitHub for a change to `branch`."""

    def tag_rules(self, tag: str) -> frozenset[str] | None:
        """The types of the rules that GitHub enforces for a tag of this name."""


def secrets(caller: Caller, platform: ReusableWorkflow, facts: RepositoryFacts | None, slug: str) -> Iterator[Remark]:
    """Yield whether every environment has a role in its secret, and whether no other environment shares the role."""
    known = facts.secrets if facts else None
    yield from _shared_role(platform, known)
    for environment in matrix.load().environments:
        name = role_secret(environment.name)
        if name not in platform.secrets:
            continue
        if caller.secrets is not None and not caller.secrets & {name, ANY_ROLE}:
            what = f"{caller.file} passes no role for {environment.name}"
            yield warning("secrets", what, f"write `secrets: inherit`, or pass {name}")
        else:
            yield _secret(environment.name, name, known, slug)


def _shared_role(platform: ReusableWorkflow, known: frozenset[str] | None) -> Iterator[Remark]:
    """Yield a warning where several environments share the role that serves all."""
    environments = [environment.name for environment in matrix.load().environments]
    names = [name for name in environments if role_secret(name) in platform.secrets]
    sharing = [name for name in names if role_secret(name) not in (known or ())]
    if known is not None and ANY_ROLE in known and len(sharing) > 1:
        what = f"{ANY_ROLE} is the role of {', '.join(sharing)}: a run under the rules of one can release to the others"
        secrets = ", ".join(map(role_secret, sharing))
        fix = f"create a separate role and secret for every environment ({secrets}), then delete {ANY_ROLE}"
        yield warning("secrets", what, fix)


def _secret(environment: str, name: str, known: frozenset[str] | None, slug: str) -> Remark:
    if known is None:
        command = f"gh secret list --repo {slug or 'OWNER/REPO'}"
        fix = f"check that `{command}` lists it, or set a GITHUB_TOKEN that may list secrets"
        return left_out("secrets", f"{environment} needs the secret {name}", fix)
    if known & {name, ANY_ROLE}:
        return good("secrets", f"{environment} has {name if name in known else ANY_ROLE}")
    fix = f"ask the platform team for the role, then: gh secret set {name} --repo {slug} --body arn:aws:iam::…:role/…"
    return warning("secrets", f"{environment} has no role: neither {name} nor {ANY_ROLE} exists", fix)


def role(arn: str, slug: str) -> Remark:
    """Return whether `arn` is the ARN of a role, and how to check that the role trusts the repository `slug`."""
    how = f"`goldenpath iam trust-policy` prints the trust policy of a role for {slug or 'this repository'}"
    if not arn:
        return left_out("role", "no role was given, so none was checked", f"give one with --role-arn; {how}")
    if not RoleArn.pattern.fullmatch(arn):
        return error("role", f"`{arn}` is not {RoleArn.rule}", "copy the ARN of the role from IAM")
    return good("role", f"the ARN is valid; {how}")


def code_security(facts: RepositoryFacts | None) -> Remark:
    """Return whether GitHub accepts the findings of the scans, as SARIF."""
    enabled = facts.code_security if facts else None
    fix = "Settings → Advanced Security → Code Security (public repositories have it)"
    if enabled is None:
        return left_out("code security", "it is unknown whether GitHub accepts SARIF", f"see {fix}")
    if enabled:
        return good("code security", "GitHub accepts SARIF")
    required = [environment.name for environment in matrix.load().environments if environment.code_scanning_required]
    if required:
        what = f"Code Security is disabled: the platform releases nothing to {', '.join(required)}"
        return error("code security", what, fix)
    what = "Code Security is disabled: findings appear only in the summary of every run"
    return warning("code security", what, fix)


def registry(
    name: EcrRepository | None,
    describe: Callable[[EcrRepository], RepositoryInfo] | None,
    tag: Callable[[RepositoryInfo], str | None] | None = None,
) -> Iterator[Remark]:
    """Yield whether the ECR repository exists, and to which environment it belongs, if there is a login to AWS."""
    if name is None:
        what = "the workflow gives no valid name of an ECR repository"
        yield left_out("registry", what, "set it as `ecr_repository` in the workflow")
        return
    if describe is None:
        what = f"it was not checked whether the ECR repository {name} exists"
        yield left_out("registry", what, "log in to AWS and give --aws-region")
        return
    try:
        repository = describe(name)
        environment = tag(repository) if tag else None
    except RepositoryMissing as problem:
        yield error("registry", problem.what, problem.fix)
    except GoldenPathError as problem:
        yield left_out("registry", problem.what, problem.fix)
    else:
        yield good("registry", f"{repository.uri} exists")
        if tag:
            yield _binding(repository, environment)


def _binding(repository: RepositoryInfo, environment: str | None) -> Remark:
    """Return to which environment a repository belongs, by its tag or by its account."""
    name, account = repository.name, repository.account
    if environment:
        return good("binding", f"{name} belongs to {environment}: only releases to {environment} may use it")
    owners = [candidate.name for candidate in matrix.load().environments if account in candidate.accounts]
    if len(owners) == 1:
        return good("binding", f"{name} belongs to {owners[0]}, as every ECR repository in the account {account}")
    if environment is None:
        return left_out("binding", f"the login may not read the tags of {name}", "allow ecr:ListTagsForResource")
    what = f"{name} belongs to no environment: a release to any environment may use it"
    fix = f"ask the platform team to add the tag {binding.TAG}, or to list the account in {matrix.POLICY_FILE}"
    return warning("binding", what, fix)
