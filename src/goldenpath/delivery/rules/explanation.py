"""The rules in words: they explain what a run would do, and which file says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate, Severity
from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.rules.app import FILE, MatchedException, apply, tightened
from goldenpath.delivery.rules.matrix import POLICY_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from goldenpath.delivery.rules.app import AppRules
    from goldenpath.delivery.rules.matrix import Environment, Policy


def rules(environment: Environment) -> Iterator[str]:
    """Yield the rules of `environment`, one line each."""
    rule = environment.vulnerabilities
    severities = ", ".join(severity.value for severity in Severity if severity in rule.severities)
    unfixed = "those that nobody has fixed are only reported" if rule.ignore_unfixed else "with or without a fix"
    yield f"gitleaks    {environment.modes[Gate.GITLEAKS]}: any secret decides"
    yield f"            {'settled secrets pass' if environment.settled_allowed else 'no secret can be settled'}"
    yield f"trivy       {environment.modes[Gate.TRIVY]}: {severities} decide, {unfixed}"
    yield f"            secrets in the image {'decide too' if environment.image_secrets else 'are not looked for'}"
    yield (
        f"            its database may be {environment.database_age.days} days old, its Java database "
        f"{environment.java_database_age.days}"
    )
    yield f"SARIF       {_sarif(environment)}"
    yield f"SBOM        {'required' if environment.sbom_required else 'optional'}"
    yield f"latest      {'allowed' if environment.latest_allowed else 'refused'}"
    yield f"moving tags {', '.join(environment.moving_tags) or 'none'}"
    yield f"stored keys {'allowed' if environment.stored_keys_allowed else 'refused'} in a workflow"
    yield f"git tag     {'v1.2.3 beside 1.2.3' if environment.git_tag_allowed else 'only 1.2.3'}"
    yield f"refs        {', '.join(environment.refs)}"
    yield f"tags        {_tags(environment)}"
    branches = "the default branch, or a protected one" if environment.reviewed_branches else "any"
    yield f"branches    {branches}"
    yield f"approval    {'required of a reviewer' if environment.approval_required else 'as the caller chooses'}"
    yield f"frontends   {_frontends(environment)}"
    yield f"bases       {_bases(environment)}"
    if environment.signing_profiles:
        unsigned = "is undone" if environment.signature_required else "is reported"
        yield f"signing     by ECR with {', '.join(environment.signing_profiles)}; an unsigned release {unsigned}"
    yield f"exceptions  at most {environment.longest_exception.days} days"
    yield f"accounts    {', '.join(environment.accounts) or 'any that no other environment lists'}"
    yield f"roles       {', '.join(environment.roles) or 'any that no other environment lists'}"


def unbound(policy: Policy) -> str:
    """Return the sentence about releases to an ECR repository that nothing binds to an environment."""
    verb = "refused" if policy.unbound_refused else "reported, and allowed"
    return f"A release to an ECR repository that nothing binds to an environment is {verb}."


def _sarif(environment: Environment) -> str:
    if not environment.sarif_upload:
        return "not uploaded"
    return f"uploaded; code scanning is {'required' if environment.code_scanning_required else 'advised'}"


def _tags(environment: Environment) -> str:
    branches = environment.branches_of_tags("the default branch")
    return "on any commit" if branches is None else f"on commits of {' or '.join(branches)}"


def _frontends(environment: Environment) -> str:
    if environment.frontends is None:
        return "any image that a Dockerfile names"
    return f"the one inside BuildKit, or {', '.join(environment.frontends)}"


def _bases(environment: Environment) -> str:
    registries = environment.base_registries
    of = "any registry" if registries is None else f"{', '.join(registries)} only"
    if environment.base_age is None:
        return f"base images from {of}"
    verb = "refused" if environment.blocks else "reported"
    return f"base images from {of}; one that is older than {environment.base_age.days} days is {verb}"


def explain(environment: Environment, app: AppRules, ref: str, today: date) -> Iterator[str]:
    """Yield the effects of the rules on a run on `ref` for `environment`, one line each, with the file that says so."""
    here = tightened(environment, app)
    if here.allows_ref(ref):
        yield f"{ref} may be released to {here.name}: {POLICY_FILE} allows {', '.join(here.refs)}"
    else:
        yield f"{ref} is REFUSED for {here.name}: {POLICY_FILE} allows {', '.join(here.refs)}"
    for gate in Gate:
        blocks = here.modes[gate] is Mode.BLOCKING
        origin = POLICY_FILE if environment.modes[gate] is here.modes[gate] else FILE
        effect = "stops the release" if blocks else "warns, and releases"
        yield f"a finding of {gate} that decides {effect}: {here.modes[gate]} by {origin}"
    yield from rules(here)
    matched = (MatchedException(exception, ("?",)) for exception in app.exceptions)
    yield from (exception.sentence for exception in apply(matched, today, here.longest_exception))
