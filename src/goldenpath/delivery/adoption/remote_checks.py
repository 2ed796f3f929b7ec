"""The checks of `goldenpath doctor` that ask GitHub and AWS, as far as the login allows; nothing is ever changed.

Sources: GitHub REST API, "Get a repository" and "List repository secrets"; Amazon ECR API, `DescribeRepositories` and
`ListTagsForResource`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from goldenpath.delivery.adoption.check_result import error, good, left_out, warning
from goldenpath.delivery.release import binding
from goldenpath.delivery.rules import matrix
from goldenpath.shared.errors import GoldenPathError, RepositoryMissing
from goldenpath.shared.names import ANY_ROLE, RoleArn, role_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.protection_checks import BranchRules
    from goldenpath.delivery.adoption.reusable_workflow import Called, Caller
    from goldenpath.delivery.registry.ecr_client import RepositoryInfo
    from goldenpath.shared.names import EcrRepository


class Forge(Protocol):
    """What GitHub says of one repository; each answer is `None` where the token may not look."""

    @property
    def default_branch(self) -> str | None:
        """The default branch."""

    @property
    def branches(self) -> frozenset[str] | None:
        """The names of all branches."""

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
    """Yield whether the role of each environment has its secret, and whether it is the role of that one only."""
    known = forge.secrets if forge else None
    yield from _shared_role(platform, known)
    for environment in matrix.load().environments:
        name = role_secret(environment.name)
        if name not in platform.secrets:
            continue
        if caller.secrets is not None and not caller.secrets & {name, ANY_ROLE}:
            what = f"{caller.file} hands on no role for {environment.name}"
            yield warning("secrets", what, f"write `secrets: inherit`, or hand on {name}")
        else:
            yield _secret(environment.name, name, known, slug)


def _shared_role(platform: Called, known: frozenset[str] | None) -> Iterator[Remark]:
    """Yield a warning where several environments have no role but the one that serves all."""
    names = [each.name for each in matrix.load().environments if role_secret(each.name) in platform.secrets]
    sharing = [name for name in names if role_secret(name) not in (known or ())]
    if known is not None and ANY_ROLE in known and len(sharing) > 1:
        what = f"{ANY_ROLE} is the role of {', '.join(sharing)}: a run with the rules of one may open the others"
        fix = (
            f"give each a role and a secret of its own ({', '.join(map(role_secret, sharing))}), then delete {ANY_ROLE}"
        )
        yield warning("secrets", what, fix)


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
    required = [each.name for each in matrix.load().environments if each.code_scanning_required]
    if required:
        return error("code security", f"Code Security is off: nothing is released to {', '.join(required)}", fix)
    return warning("code security", "Code Security is off: findings are shown in each run's summary only", fix)


def registry(
    name: EcrRepository | None,
    describe: Callable[[EcrRepository], RepositoryInfo] | None,
    tag: Callable[[RepositoryInfo], str | None] | None = None,
) -> Iterator[Remark]:
    """Yield whether the ECR repository is there, and to which environment it belongs, when AWS can be asked."""
    if name is None or describe is None:
        fix = "log in to AWS and give --aws-region" if name else "name it in the workflow's `ecr_repository`"
        yield left_out("registry", f"whether the ECR repository {name or ''} exists was not asked", fix)
        return
    try:
        found = describe(name)
        environment = tag(found) if tag else None
    except RepositoryMissing as problem:
        yield error("registry", problem.what, problem.fix)
    except GoldenPathError as problem:
        yield left_out("registry", problem.what, problem.fix)
    else:
        yield good("registry", f"{found.uri} is there")
        if tag:
            yield _binding(found, environment)


def _binding(found: RepositoryInfo, environment: str | None) -> Remark:
    """Return to which environment a repository belongs, by its tag or by its account."""
    if environment:
        return good("binding", f"{found.name} belongs to {environment}: only its rules release to it")
    owners = [each.name for each in matrix.load().environments if found.account in each.accounts]
    if len(owners) == 1:
        return good("binding", f"{found.name} belongs to {owners[0]}, as everything in the account {found.account}")
    fix = f"have the platform team add the tag {binding.TAG}, or list the account in {matrix.POLICY_FILE}"
    if environment is None:
        return left_out("binding", f"this login may not read the tags of {found.name}", "allow ecr:ListTagsForResource")
    return warning("binding", f"nothing says to which environment {found.name} belongs: any rules release to it", fix)
