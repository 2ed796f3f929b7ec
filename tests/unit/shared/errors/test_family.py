from __future__ import annotations

import re

import pytest

from goldenpath.shared.errors import GateBlocked, GoldenPathError


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


def test_an_error_without_a_fix_cannot_be_raised() -> None:
    with pytest.raises(TypeError, match="fix"):
        GateBlocked("it blocks")  # type: ignore[call-arg]
