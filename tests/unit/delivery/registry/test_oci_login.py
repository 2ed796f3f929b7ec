from __future__ import annotations

import base64

import pytest

from goldenpath.delivery.model.registry_login import RegistryLogin
from goldenpath.delivery.registry import oci_login
from goldenpath.delivery.registry.registry_token import Login
from goldenpath.shared.errors import LoginRefused
from tests.unit.http_double import Request, Response, pool, refusal

BASIC = base64.b64encode(b"me:s3cret").decode()
GIVEN = RegistryLogin("ghcr.io", "me", "s3cret")
ASKED = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"'
TOKEN = Response(200, {}, b'{"token": "t0ken"}')


def challenge(words: str) -> Response:
    return Response(401, {"WWW-Authenticate": words})


def test_a_registry_that_asks_for_a_token_gets_one_for_reading_one_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, challenge(ASKED), TOKEN)
    assert oci_login.reader(GIVEN, "org/base") == Login("https://ghcr.io", "Bearer t0ken", ("s3cret", BASIC, "t0ken"))
    url = "https://ghcr.io/token?scope=repository%3Aorg%2Fbase%3Apull&service=ghcr.io"
    assert double.requests == [
        Request("GET", "https://ghcr.io/v2/", {}, b""),
        Request("GET", url, {"Authorization": f"Basic {BASIC}"}, b""),
    ]


@pytest.mark.parametrize("words", ['Basic realm="x"', ""])
def test_a_registry_that_asks_for_a_password_gets_it(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    pool(monkeypatch, challenge(words))
    assert oci_login.reader(GIVEN, "org/base") == Login("https://ghcr.io", f"Basic {BASIC}", ("s3cret", BASIC))


def test_a_token_may_have_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    pool(monkeypatch, challenge('bearer realm="https://x.example/t?a=b"'), Response(200, {}, b'{"access_token": "t"}'))
    assert oci_login.reader(GIVEN, "org/base").authorization == "Bearer t"


@pytest.mark.parametrize(
    ("words", "answer", "why"),
    [
        (ASKED, refusal(401, "UNAUTHORIZED"), "HTTP 401"),
        (ASKED, Response(200, {}, b"<html>"), "a response that is no token"),
        (ASKED, Response(200, {}, b"{}"), "a response without a token"),
        (ASKED, Response(200, {}, b'{"token": "a\\r\\nX: y"}'), "a response without a token"),
        ('Bearer realm="http://ghcr.io/token"', TOKEN, "which is not an address with https"),
        ('Bearer realm="/token"', TOKEN, "which is not an address with https"),
        ('Bearer realm="https://[/token"', TOKEN, "which is no address"),
        ('Bearer service="x"', TOKEN, "which is not an address with https"),
    ],
)
def test_a_login_that_is_refused_says_what_to_correct_and_no_password(
    monkeypatch: pytest.MonkeyPatch, words: str, answer: Response, why: str
) -> None:
    pool(monkeypatch, challenge(words), answer)
    with pytest.raises(LoginRefused) as caught:
        oci_login.reader(GIVEN, "org/base")
    assert caught.value.what == "ghcr.io refused the login for base images"
    assert why in caught.value.why
    assert "BASES_LOGINS" in caught.value.fix
    assert "s3cret" not in str(caught.value)
