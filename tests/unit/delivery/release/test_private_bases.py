"""Logins for private base images."""

from __future__ import annotations

import pytest

from goldenpath.delivery.model import private_base
from goldenpath.delivery.model.registry_login import RegistryLogin
from goldenpath.delivery.model.stage_requests import BasesRequest
from goldenpath.delivery.release import private_bases
from goldenpath.shared.errors import BadInput, GoldenPathError, LoginRefused
from goldenpath.shared.names import AUDIENCE
from goldenpath.shared.runner import Runner
from tests.unit.http_double import Response, pool, refusal

GIVEN = RegistryLogin("ghcr.io", "me", "s3cret")


ASKED = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"'


TOKEN = Response(200, {}, b'{"token": "t0ken"}')


def challenge(words: str) -> Response:
    return Response(401, {"WWW-Authenticate": words})


# The way to one image, by the logins of the request.
BASE = private_base.parse("ghcr.io/org/base:1")


def wanted(login: RegistryLogin) -> BasesRequest:
    return BasesRequest((BASE,), (login,), None, AUDIENCE)


def test_a_registry_without_a_login_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch)
    request = wanted(RegistryLogin("docker.io", "me", "s3cret"))
    with (
        pytest.raises(BadInput, match=r"There is no login for ghcr\.io, which ghcr\.io/org/base:1 needs") as caught,
        private_bases.open_repository(BASE, request, Runner()),
    ):
        pass
    assert caught.value.why == "BASES_LOGINS has logins for docker.io"
    assert double.requests == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_repository_that_the_user_may_not_read_is_a_refused_login(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    again = (challenge(ASKED), TOKEN, refusal(401, "UNAUTHORIZED")) if status == 401 else ()
    pool(monkeypatch, challenge(ASKED), TOKEN, refusal(status, "DENIED"), *again)
    with (
        pytest.raises(LoginRefused, match=r"ghcr\.io refused the login"),
        private_bases.open_repository(BASE, wanted(GIVEN), Runner()) as registry,
    ):
        registry.manifest(BASE.reference)


def test_every_secret_of_a_login_is_masked_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pool(monkeypatch, challenge(ASKED), refusal(401, "UNAUTHORIZED"))
    here = Runner(in_actions=True)
    with pytest.raises(GoldenPathError), private_bases.open_repository(BASE, wanted(GIVEN), here):
        pass
    assert "::add-mask::s3cret" in capsys.readouterr().out
