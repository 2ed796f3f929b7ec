from __future__ import annotations

from goldenpath.policy import environments
from tests.unit import policy_table

TEXT = policy_table.TEXT


def test_every_environment_but_that_of_terminals_has_registries_in_promotion_order() -> None:
    assert [rules.environment for rules in environments.registry_rules()] == ["dev", "test", "staging", "prod"]


def test_every_change_of_a_registry_is_approved_unless_an_environment_says_otherwise() -> None:
    assert all(rules.all_changes_approved for rules in environments.registry_rules())
    lowered = environments.parse(TEXT.replace("  dev:\n", "  dev:\n    registry_approval: removal-only\n"))
    approved = {rules.environment: rules.all_changes_approved for rules in environments.rules_in(lowered)}
    assert approved == {"dev": False, "test": True, "staging": True, "prod": True}
