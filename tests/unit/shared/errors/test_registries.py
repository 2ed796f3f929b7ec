from __future__ import annotations

from goldenpath.shared.errors import registries
from goldenpath.shared.errors.family import GoldenPathError

# Workflows of callers and people's scripts compare these numbers: an error may be added, none may change.
EXIT_CODES = {
    "providers-unlocked": 25,
    "registry-request-invalid": 60,
    "terraform-failed": 61,
    "plan-drifted": 62,
    "state-locked": 63,
    "registry-config-unexpected": 64,
    "registry-name-taken": 65,
    "registry-unknown": 66,
    "plan-unexpected": 67,
    "retirement-refused": 68,
    "github-refused": 69,
    "configuration-untrusted": 72,
    "proposal-unbound": 73,
    "approval-missing": 74,
}


def test_no_exit_code_changes() -> None:
    kinds = [each for each in vars(registries).values() if isinstance(each, type) and each is not GoldenPathError]
    assert {each.code: each.exit_code for each in kinds if issubclass(each, GoldenPathError)} == EXIT_CODES
