"""Checks of `goldenpath doctor --platform`: an AWS account is set up as docs/setup.md says. Pure.

Sources: IAM user guide, "Configuring a role for GitHub OIDC identity provider"; GitHub, "OpenID Connect reference".
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from goldenpath.registries.account import role_policies
from goldenpath.registries.account.account_facts import statements
from goldenpath.registries.account.role_policies import RoleScope
from goldenpath.registries.policies import as_tuple
from goldenpath.shared.check_result import Level, Remark, error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.registries.account.account_facts import AccountFacts, BucketFacts, RoleFacts
    from goldenpath.registries.account.role_policies import Document

_PRINTED = "print its policy with `goldenpath iam trust-policy`, or make it with modules/github_oidc_roles"
_APPLY = "apply examples/account (docs/setup.md)"
# How a `StringLike` value begins that matches the runs of any repository.
_LOOSE = ("*", "repo:*", "repository:*", "repository_id:*")


@dataclass(frozen=True)
class Expected:
    """What the platform expects of an account; `repository` is its own (owner/name), empty where it is unknown."""

    repository: str = ""
    audience: str = "sts.amazonaws.com"
    environments: tuple[str, ...] = ()
    role_prefix: str = "goldenpath-"
    state_bucket: str = ""


def check(facts: AccountFacts, expected: Expected) -> tuple[Remark, ...]:
    """Return the remarks of all checks of an account, in the order of the set-up."""
    return (
        provider(facts, expected.audience),
        *(remark for role in facts.roles for remark in trust(role, expected.role_prefix)),
        *platform_roles(facts, expected),
        bucket(facts.bucket),
        scanning(facts),
        exclusions(facts, expected.role_prefix),
        *templates(facts),
    )


def provider(facts: AccountFacts, audience: str) -> Remark:
    """Return whether the account trusts GitHub's tokens, for the right audience."""
    about = "provider"
    if facts.audiences is None:
        return error(
            about, f"the account {facts.account} has no OIDC provider for GitHub: no run enters a role", _APPLY
        )
    if audience not in facts.audiences:
        what = f"the OIDC provider accepts the audience {', '.join(facts.audiences) or '(none)'}, not {audience}"
        return error(about, what, f"add {audience} to its audiences, or {_APPLY}")
    return good(about, f"the account {facts.account} trusts GitHub's tokens for {audience}")


def trust(role: RoleFacts, prefix: str) -> Iterator[Remark]:
    """Yield whether a role that trusts GitHub trusts more runs than one workflow of one repository.

    A role whose name does not begin with `prefix` is somebody else's: what it leaves open is a warning, unless any
    repository of GitHub gets in.
    """
    about, is_ours = "trust", role.name.startswith(prefix)
    problems = [problem for claims in role.conditions for problem in _loose(claims, is_ours=is_ours)]
    if not problems:
        yield good(about, f"{role.name} trusts one workflow of one repository")
    for level, what in dict.fromkeys(problems):
        yield Remark(level, about, f"{role.name} {what}", _PRINTED)


def _loose(claims: Mapping[str, tuple[str, ...]], *, is_ours: bool) -> Iterator[tuple[Level, str]]:
    """Yield what one statement leaves open, and how bad that is."""
    # The number identifies one repository, whatever its subject looks like: it may be customised.
    by_number, subjects = "repository_id" in claims, claims.get("sub", ())
    if not by_number and (not subjects or any(subject.startswith(_LOOSE) for subject in subjects)):
        yield Level.ERROR, "trusts the runs of any repository of GitHub"
    elif not by_number:
        yield Level.WARNING, "trusts a repository by its name only, which somebody else can take"
    if "aud" not in claims:
        yield Level.WARNING, "does not ask for an audience"
    # Other roles of the account may serve a pipeline without gates. One of ours must not (docs/adr/0049, decision 8).
    workflows, level = claims.get("job_workflow_ref", ()), Level.ERROR if is_ours else Level.WARNING
    if not workflows:
        yield level, "lets in any workflow of its repository, also one without gates"
    elif any("*" in workflow for workflow in workflows):
        yield level, "lets in any version of the workflow, also an old one whose bypasses are known"


def platform_roles(facts: AccountFacts, expected: Expected) -> Iterator[Remark]:
    """Yield whether each environment has a role that plans and one that applies, with the right permissions."""
    about, roles = "roles", {role.name: role for role in facts.roles}
    environments = expected.environments or _environments(roles, expected.role_prefix)
    if not environments:
        what = f"the account has no role {expected.role_prefix}apply-…: it is not known whose registries it holds"
        yield left_out(about, what, "name its environments with `--environment`")
    for environment in environments:
        for kind in ("plan", "apply"):
            name = f"{expected.role_prefix}{kind}-{environment}"
            if name in roles:
                yield from _platform_role(roles[name], kind, environment, facts, expected)
            else:
                fix = f"{_APPLY}; where it has another name, use `--role-prefix`"
                yield error(about, f"there is no role {name} that trusts GitHub", fix)


def _environments(roles: Mapping[str, RoleFacts], prefix: str) -> tuple[str, ...]:
    beginnings = (f"{prefix}plan-", f"{prefix}apply-")
    named = {name.removeprefix(start) for name in roles for start in beginnings if name.startswith(start)}
    return tuple(sorted(named))


def _platform_role(
    role: RoleFacts, kind: str, environment: str, facts: AccountFacts, expected: Expected
) -> Iterator[Remark]:
    # Without a name of the bucket, that of any bucket counts as right.
    bucket_name = expected.state_bucket or "*"
    scope = RoleScope(role.arn.split(":")[1], facts.account, facts.region, environment, bucket_name)
    wanted = role_policies.plan_policy(scope) if kind == "plan" else role_policies.apply_policy(scope)
    yield from permissions(role, wanted, optional=role_policies.KMS_ACTIONS if kind == "apply" else ())
    wrong = _wrong_runs(role, kind, environment, expected.repository)
    if wrong:
        yield error("trust", f"{role.name} {wrong}", f"{_APPLY}, which names the workflow and the GitHub environment")
    if not role.has_boundary:
        what = f"{role.name} has no permissions boundary: a policy that is added to it can give it any right"
        yield warning("roles", what, _APPLY)


def _wrong_runs(role: RoleFacts, kind: str, environment: str, repository: str) -> str:
    """Return whom a platform's role trusts that it should not; empty where it is right."""
    workflow = {"plan": "ecr-hygiene.yml", "apply": "_apply-registries.yml"}[kind]
    # IAM lets in whoever meets any one statement, so each of them has to be right.
    for claims in role.conditions:
        workflows = claims.get("job_workflow_ref", ())
        if not any(f"/.github/workflows/{workflow}@" in one for one in workflows):
            return f"does not trust {workflow} of the platform"
        if repository and not all(one.lower().startswith(f"{repository.lower()}/") for one in workflows):
            return f"trusts workflows of another repository than {repository}"
        if kind == "apply" and claims.get("environment") != (f"registry-apply-{environment}",):
            return f"does not ask for the GitHub environment registry-apply-{environment}"
    return ""


def permissions(role: RoleFacts, wanted: Document, optional: Sequence[str] = ()) -> Iterator[Remark]:
    """Yield which rights a role lacks of the policy `wanted`, and which it has beyond it and the `optional` actions."""
    about, allowed = "roles", [one for policy in role.policies for one in _allowed(policy)]
    needed = list(_allowed(wanted))
    missing = sorted({action for action, _ in needed if not any(_matches(action, pattern) for pattern, _ in allowed)})
    # IAM does not tell actions apart by case. A wildcard counts as more than the actions that it covers today: AWS adds
    # actions, and the role would get them.
    beyond = sorted({f"{action} on {resource}" for action, resource in allowed if action not in optional
                     and not any(_is_within(action, resource, *right) for right in needed)})  # fmt: skip
    if missing:
        yield error(about, f"{role.name} may not {', '.join(missing)}", f"{_APPLY}, or add these actions")
    if beyond:
        what = f"{role.name} has more rights than it needs: {', '.join(beyond)}"
        yield warning(about, what, f"{_APPLY}, or take them away")
    if not missing and not beyond:
        yield good(about, f"{role.name} has the rights that it needs, and no others")


def _allowed(policy: Document) -> Iterator[tuple[str, str]]:
    for statement in statements(policy):
        if statement.get("Effect") == "Allow":
            # `NotAction` allows all but a few actions: more than any role needs.
            actions = as_tuple(statement["Action"]) if "Action" in statement else ("*",)
            yield from (
                (action, resource) for action in actions for resource in as_tuple(statement.get("Resource", "*"))
            )


def _matches(action: str, pattern: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower())


def _is_within(action: str, resource: str, needed_action: str, needed_resource: str) -> bool:
    return action.lower() == needed_action.lower() and fnmatchcase(resource, needed_resource)


def bucket(facts: BucketFacts | None) -> Remark:
    """Return whether the bucket of the state is there, versioned, encrypted and private."""
    about = "state"
    if facts is None:
        return left_out(about, "the bucket of the state was not looked at", "name it with `--state-bucket`")
    if facts.missing:
        return error(about, f"there is no bucket {facts.name}", _APPLY)
    needs = {"is not versioned": facts.versioned, "is not encrypted": facts.encrypted, "may be public": facts.private}
    if problems := [text for text, is_right in needs.items() if not is_right]:
        return error(about, f"the bucket {facts.name} {' and '.join(problems)}", _APPLY)
    return good(about, f"the bucket {facts.name} is versioned, encrypted and private")


def scanning(facts: AccountFacts) -> Remark:
    """Return whether ECR scans every image that is pushed."""
    if "*" in facts.scanned_on_push:
        return good("scanning", f"ECR scans every image that is pushed in {facts.region}")
    which = (
        f"only in {', '.join(facts.scanned_on_push)}" if facts.scanned_on_push else "only where a repository says so"
    )
    return warning("scanning", f"ECR scans what is pushed {which}", f"use modules/aws_ecr_registry, or {_APPLY}")


def exclusions(facts: AccountFacts, prefix: str) -> Remark:
    """Return whether the pulls of the platform's own roles, whose names begin with `prefix`, count as use."""
    about, ours = "pull times", [role for role in facts.roles if role.name.startswith(prefix)]
    counted = [role.name for role in ours if role.arn not in facts.excluded]
    if not counted:
        return good(about, "what the platform's roles read does not count as use")
    what = f"what {_named(counted)} reads counts as use: a registry that is only scanned looks used"
    return warning(
        about, what, f"name the roles in `pull_time_excluded_roles` of modules/aws_ecr_registry, or {_APPLY}"
    )


def _named(names: Sequence[str]) -> str:
    most = 3
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more roles"


def templates(facts: AccountFacts) -> Iterator[Remark]:
    """Yield whether a push can make an ECR repository that nobody requested and that looks like a governed one."""
    open_ones = [template.prefix for template in facts.templates if template.on_push and not template.quarantines]
    for prefix in open_ones:
        what = f"a push makes ECR repositories by itself ({prefix}), which nobody requested and everybody can pull"
        yield warning("templates", what, "use `quarantine` of modules/aws_ecr_registry, or delete the template")
    if not open_ones:
        yield good("templates", "no push makes an ECR repository that can be used without a request")
