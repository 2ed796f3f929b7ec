from __future__ import annotations

import pytest
from urllib3.exceptions import ProtocolError

from goldenpath.shared import github_rest
from goldenpath.shared.errors import RegistryUnreachable
from tests.unit import http_double
from tests.unit.http_double import Response

URL = "https://api.github.com/repos/o/app"


def test_a_github_that_gives_no_response_is_asked_as_often_as_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    double = http_double.pool(monkeypatch, Response(503), Response(503))
    assert github_rest.get(URL, "token", attempts=2).status == 503
    assert len(double.requests) == 2


def test_a_connection_that_breaks_every_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    http_double.pool(monkeypatch, ProtocolError("reset"))
    with pytest.raises(RegistryUnreachable, match=r"api\.github\.com"):
        github_rest.get(URL, "token", attempts=1)


def test_a_refusal_is_returned_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    http_double.pool(monkeypatch, Response(404))
    assert github_rest.get(URL, "token").status == 404


def test_a_post_says_who_asks_and_what_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    double = http_double.pool(monkeypatch, Response(201))
    assert github_rest.post(URL, "token", {"body": "text"}, attempts=1, read_timeout=1).status == 201
    (sent,) = double.requests
    assert (sent.method, sent.body) == ("POST", b'{"body": "text"}')
    assert sent.headers["Authorization"] == "Bearer token"
    assert sent.headers["Content-Type"] == "application/json"
