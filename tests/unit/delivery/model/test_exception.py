"""Exceptions of an app: what they are about, and until when."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.exception import AppliedException, ExceptionScope, Standing
from goldenpath.delivery.model.finding import Gate, Package
from tests.unit.builders import secret, vulnerability
from tests.unit.delivery.rules.test_app import acceptance

#                       scope                                         whether it is about it
SCOPES: dict[str, tuple[ExceptionScope, bool]] = {
    "its package": (ExceptionScope(package="PyYAML"), True),
    "its package in small letters": (ExceptionScope(package="pyyaml"), True),
    "another package": (ExceptionScope(package="yaml"), False),
    "its path": (ExceptionScope(path="usr/lib/python3/site-packages/PyYAML.dist-info/METADATA"), True),
    "a part of its path": (ExceptionScope(path="usr/lib/python3"), False),
    "its fingerprint": (ExceptionScope(fingerprint=vulnerability().fingerprint), True),
    "another fingerprint": (ExceptionScope(fingerprint="0"), False),
}


@pytest.mark.parametrize("name", SCOPES)
def test_an_exception_is_about_a_finding_in_its_scope_alone(name: str) -> None:
    scope, about = SCOPES[name]
    each = replace(acceptance(), scope=scope)
    assert each.covers(vulnerability()) is about
    assert not replace(each, id="CVE-1").covers(vulnerability())
    assert not replace(each, gate=Gate.GITLEAKS).covers(vulnerability())


def test_a_scope_of_no_package_is_not_about_a_secret() -> None:
    assert not replace(acceptance(), gate=Gate.GITLEAKS, id="github-pat").covers(secret())
    assert Package("", "", "").name == ""


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing.ACCEPTED, "accepted until 2026-12-31; team-web: a test stand"),
        (Standing.EXPIRES_SOON, "accepted, but only until 2026-12-31: renew it or fix the finding"),
        (Standing.EXPIRED, "expired on 2026-12-31 and counts no more"),
        (Standing.TOO_LONG, "ends on 2026-12-31, later than the platform allows, and does not count"),
        (Standing.PENDING, "is not reviewed yet and does not count; team-web: a test stand"),
        (Standing.UNUSED, "is about nothing that was found: take it out"),
    ],
)
def test_an_exception_says_what_it_is_worth(standing: Standing, words: str) -> None:
    sentence = AppliedException(acceptance(), standing, ()).sentence
    assert sentence.startswith("exception for CVE-2020-14343 (package PyYAML) ")
    assert words in sentence
