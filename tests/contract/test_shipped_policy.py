"""The rules as shipped. No other test holds their values, so whoever changes them changes this one."""

from __future__ import annotations

from goldenpath.delivery.model.finding import Gate, Severity
from goldenpath.delivery.rules import matrix
from goldenpath.policy import environments

HEADINGS = ("gitleaks", "trivy", "SARIF upload", "latest", "refs", "tags of", "reviewed", "exceptions", "verdicts")
DEVELOPMENT = ("advisory", "advisory", "no", "allowed", "**", "any", "no", 180, 168)
BEFORE_PROD = ("blocking", "blocking", "yes", "refused", "**", "default-branch", "no", 90, 72)
PROD = ("blocking", "blocking", "yes", "refused", "refs/heads/main refs/tags/v*", "default-branch", "yes", 90, 72)
# In the order in which a change travels; exceptions in days, verdicts in hours.
SHIPPED = {"local": DEVELOPMENT, "dev": DEVELOPMENT, "test": BEFORE_PROD, "staging": BEFORE_PROD, "prod": PROD}


def row(rules: matrix.Environment) -> tuple[str | int, ...]:
    return (
        rules.modes[Gate.GITLEAKS].value,
        rules.modes[Gate.TRIVY].value,
        "yes" if rules.sarif_upload else "no",
        "allowed" if rules.latest_allowed else "refused",
        " ".join(rules.refs),
        str(rules.tags_from),
        "yes" if rules.reviewed_branches else "no",
        rules.longest_exception.days,
        int(rules.verdict_age.total_seconds() // 3600),
    )


def test_the_shipped_rules_are_those_of_the_platform_s_table() -> None:
    shipped = matrix.load()
    table = {rules.name: dict(zip(HEADINGS, row(rules), strict=True)) for rules in shipped.environments}
    assert list(table.items()) == [(name, dict(zip(HEADINGS, cells, strict=True))) for name, cells in SHIPPED.items()]
    assert [rules.environment for rules in environments.registry_rules()] == [*SHIPPED][1:]
    assert all(rules.all_changes_approved for rules in environments.registry_rules())
    # What no environment adds as shipped, and what every one asks for.
    for rules in shipped.environments:
        assert rules.vulnerabilities == matrix.VulnerabilityRule(frozenset({Severity.HIGH, Severity.CRITICAL}))
        assert rules.sbom_required
        assert rules.image_secrets
        assert rules.settled_allowed
        assert (rules.accounts, rules.roles, rules.base_registries, rules.base_age) == ((), (), None, None)
        assert not (rules.git_tag_allowed)
        assert not (rules.stored_keys_allowed)
        assert not (rules.code_scanning_required)
        assert not (rules.approval_required)
    assert not shipped.unbound_refused
