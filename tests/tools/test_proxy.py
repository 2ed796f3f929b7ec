"""What a proxy is really asked for on the way to a registry and to GitHub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from goldenpath.shared import http, oidc
from goldenpath.shared.errors import LoginRefused, RegistryUnreachable
from goldenpath.shared.http import Http

pytestmark = pytest.mark.tools

LOGIN = "Basic bWU6c2VjcmV0"  # me:secret


class _Handler(BaseHTTPRequestHandler):
    asked: list[tuple[str, str]]

    def answer(self, status: int) -> None:
        self.asked.append((f"{self.command} {self.path}", self.headers["proxy-authorization"]))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.answer(204)

    def do_CONNECT(self) -> None:
        self.answer(403)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What the user's proxy is asked, and with which login; it opens no tunnel."""
    seen: list[tuple[str, str]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Handler,), {"asked": seen})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://me:secret@127.0.0.1:{server.server_port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield seen
        server.shutdown()


def test_a_registry_without_tls_is_asked_for_by_its_whole_address(asked: list[tuple[str, str]]) -> None:
    with closing(Http(attempts=1)) as client:
        assert client.send("GET", "http://registry.example/v2/", {}).status == 204
    assert asked == [("GET http://registry.example/v2/", LOGIN)]


def test_a_registry_is_reached_through_a_tunnel_and_a_proxy_that_refuses_one_is_told_without_its_login(
    asked: list[tuple[str, str]],
) -> None:
    with closing(Http(attempts=1)) as client, pytest.raises(RegistryUnreachable) as caught:
        client.send("GET", "https://registry.example/v2/", {})
    assert caught.value.what == "https://registry.example does not respond"
    assert "Tunnel connection failed: 403 Forbidden" in caught.value.why
    assert "secret" not in str(caught.value)
    assert asked == [("CONNECT registry.example:443", LOGIN)]


def test_github_is_asked_for_a_token_through_the_same_proxy(
    asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.0)
    run = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}
    with pytest.raises(LoginRefused, match="GitHub's OIDC endpoint does not respond"):
        oidc.token(run)
    assert {*asked} == {("CONNECT token.example:443", LOGIN)}
