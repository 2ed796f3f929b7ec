from __future__ import annotations

import re

import pytest

from goldenpath.shared.errors import GateBlocked, GoldenPathError

# Workflows of callers and people's scripts compare these numbers: an error may be added, none may change.
EXIT_CODES = {
    "bad-input": 2,
    "unknown-environment": 3,
    "policy-invalid": 4,
    "source-unusable": 5,
    "stage-out-of-order": 6,
    "disk-trouble": 7,
    "evidence-mismatch": 8,
    "evidence-incomplete": 44,
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
    "providers-unlocked": 25,
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
    "image-archived": 54,
    "image-unsigned": 55,
    "registry-throttled": 56,
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
    "files-differ": 70,
    "setup-incomplete": 71,
    "configuration-untrusted": 72,
    "proposal-unbound": 73,
    "approval-missing": 74,
    "policy-not-described": 77,
    "adoption-refused": 78,
    "release-unapproved": 75,
    "cancelled": 130,
}


def family(kind: type[GoldenPathError] = GoldenPathError) -> list[type[GoldenPathError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in family(child))]


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes = [each.exit_code for each in family()]
    assert sorted(codes) == sorted(set(codes))


def test_every_error_has_a_code_of_its_own_in_words() -> None:
    codes = [each.code for each in family()]
    assert sorted(codes) == sorted(set(codes))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_an_error_reads_as_what_why_and_fix() -> None:
    error = GateBlocked("trivy blocks the release", why="CVE-1 in pyyaml", fix="update pyyaml.")
    assert str(error) == "trivy blocks the release. CVE-1 in pyyaml. update pyyaml."


def test_no_field_of_an_error_ends_in_a_full_stop() -> None:
    error = GateBlocked("It blocks.", why="Because of CVE-1. It is known.", fix="Update it.")
    assert (error.what, error.why, error.fix) == ("It blocks", "Because of CVE-1. It is known", "Update it")


def test_an_error_without_a_fix_cannot_be_raised() -> None:
    with pytest.raises(TypeError, match="fix"):
        GateBlocked("it blocks")  # type: ignore[call-arg]


def test_no_exit_code_changes() -> None:
    assert {kind.code: kind.exit_code for kind in family()} == {GoldenPathError.code: 1, **EXIT_CODES}
