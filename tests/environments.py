"""The environments of the shipped policy, for tests that do something for every one of them.

Unit tests do not read it: they have a table of their own (`tests/unit/policy_table.py`).
"""

from __future__ import annotations

from goldenpath.delivery.rules import matrix
from goldenpath.policy import environments
from goldenpath.shared.names import role_secret

_RULES = matrix.load().environments
# In the order in which a change travels, so that the last is the strictest.
ALL = tuple(rules.name for rules in _RULES)
BLOCKING = tuple(rules.name for rules in _RULES if rules.blocks)
UPLOADING = tuple(rules.name for rules in _RULES if rules.sarif_upload)
WITH_REGISTRIES = tuple(rules.environment for rules in environments.registry_rules())
ROLE_SECRETS = {name: role_secret(name) for name in WITH_REGISTRIES}
