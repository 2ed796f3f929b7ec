from __future__ import annotations

from goldenpath.shared.errors import delivery
from goldenpath.shared.errors.family import GoldenPathError

# Workflows of callers and people's scripts compare these numbers: an error may be added, none may change.
EXIT_CODES = {
    "bad-input": 2,
    "unknown-environment": 3,
    "policy-invalid": 4,
    "source-unusable": 5,
    "stage-out-of-order": 6,
    "disk-trouble": 7,
    "evidence-mismatch": 8,
    "gate-blocked": 10,
    "scanner-failed": 11,
    "build-failed": 12,
    "candidate-changed": 13,
    "engine-missing": 14,
    "verdict-expired": 15,
    "checkout-differs": 16,
    "frontend-refused": 17,
    "code-scanning-off": 18,
    "base-refused": 19,
    "tool-missing": 20,
    "tool-hash-mismatch": 21,
    "tool-failed": 22,
    "tool-timeout": 23,
    "folder-untrusted": 24,
    "context-refused": 26,
    "secret-in-image": 27,
    "java-database-missing": 28,
    "source-incomplete": 29,
    "login-refused": 30,
    "access-denied": 31,
    "repository-missing": 32,
    "registry-unreachable": 33,
    "registry-refused": 34,
    "tag-taken": 35,
    "undo-incomplete": 36,
    "release-lost": 37,
    "wrong-account": 38,
    "receipt-mismatch": 39,
    "sarif-refused": 40,
    "wrong-environment": 41,
    "not-reviewed": 42,
    "work-folder-busy": 43,
    "cache-refused": 48,
    "local-trouble": 50,
    "files-differ": 70,
    "setup-incomplete": 71,
    "release-unapproved": 75,
    "cancelled": 130,
}


def test_no_exit_code_changes() -> None:
    kinds = [each for each in vars(delivery).values() if isinstance(each, type) and each is not GoldenPathError]
    assert {each.code: each.exit_code for each in kinds if issubclass(each, GoldenPathError)} == EXIT_CODES
