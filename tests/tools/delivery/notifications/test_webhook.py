"""Signed messages over TLS, to the receiver that docs/notify.md shows, and to receivers that misbehave."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import urllib3
from tests.tools import webhook_receiver

from goldenpath.delivery.notifications import webhook
from goldenpath.delivery.notifications.webhook import SIGNATURE, TIMESTAMP, Webhook
from goldenpath.shared import verbose

if TYPE_CHECKING:
    from tests.tools.webhook_receiver import Listening

pytestmark = pytest.mark.tools
NOW = 1_790_000_000
KEY = "0123456789abcdef0123456789abcdef"
MESSAGE = {
    "ecr_repository": "my-app", "environment": "prod", "end": "blocked", "to_fix": 3,
    "top_change": "update <!channel> to 2", "run_url": "https://github.com/o/app/actions/runs/7",
}  # fmt: skip
BODY = json.dumps(MESSAGE).encode()
LINE = "my-app to prod: blocked, 3 to fix. update &lt;!channel&gt; to 2 https://github.com/o/app/actions/runs/7\n"


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    page = webhook_receiver.shown()
    # One instant for both: a second that passes between them is no part of what is tested.
    clock = SimpleNamespace(time=lambda: NOW)
    page["time"] = clock
    monkeypatch.setattr(webhook, "time", clock)
    monkeypatch.setenv("DELIVERY_WEBHOOK_KEY", KEY)
    with webhook_receiver.listening(page["Receiver"], tmp_path) as listening:
        monkeypatch.setenv("SSL_CERT_FILE", str(listening.certificate))
        yield listening


def test_the_receiver_of_the_page_takes_a_message_and_prints_a_line(
    receiver: Listening, capfd: pytest.CaptureFixture[str]
) -> None:
    assert webhook.send(Webhook(receiver.url, KEY), BODY, {}) == ""
    assert capfd.readouterr().out == LINE


def test_it_refuses_another_key_an_old_message_and_a_changed_body(
    receiver: Listening, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hook = Webhook(receiver.url, KEY)
    assert webhook.send(Webhook(receiver.url, f"{KEY}x"), BODY, {}) == "HTTP 401"
    with urllib3.PoolManager() as pool:
        signed = {TIMESTAMP: str(NOW), SIGNATURE: webhook.signature(KEY, NOW, BODY)}
        for headers, body in (
            (signed, BODY.replace(b"blocked", b"released")),
            ({**signed, TIMESTAMP: str(NOW + 1)}, BODY),
            ({**signed, TIMESTAMP: "soon"}, BODY),
            ({**signed, SIGNATURE: "sha256="}, BODY),
            ({}, BODY),
        ):
            assert pool.request("POST", receiver.url, body=body, headers=headers).status == 401
        assert pool.request("POST", receiver.url, body=BODY, headers=signed).status == 204
    capfd.readouterr()
    for drift, why in ((-301, "HTTP 401"), (-300, ""), (300, ""), (301, "HTTP 401")):
        monkeypatch.setattr(webhook, "time", SimpleNamespace(time=lambda drift=drift: NOW + drift))
        assert webhook.send(hook, BODY, {}) == why
    assert capfd.readouterr().out == LINE * 2


class Misbehaving(BaseHTTPRequestHandler):
    """Responds with the next of `statuses`, and counts the requests."""

    statuses: list[int]
    paths: list[str]

    def do_POST(self) -> None:
        self.paths.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.statuses.pop(0))
        for name, value in (("Location", "/elsewhere"), ("Retry-After", "3600"), ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("statuses", "requests", "why"),
    [
        ([503, 429, 204], 3, ""),
        ([500, 500, 500, 500], 4, "HTTP 500"),
        ([404], 1, "HTTP 404"),
        ([302], 1, "it redirects (HTTP 302), and a signed message is sent to no other address"),
        ([307], 1, "it redirects (HTTP 307), and a signed message is sent to no other address"),
    ],
)
def test_a_message_is_sent_again_where_that_helps_and_to_no_other_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statuses: list[int], requests: int, why: str
) -> None:
    paths: list[str] = []
    handler = type("Handler", (Misbehaving,), {"statuses": list(statuses), "paths": paths})
    monkeypatch.setattr(webhook, "_BACKOFF", 0.01)
    with webhook_receiver.listening(handler, tmp_path) as listening:
        monkeypatch.setenv("SSL_CERT_FILE", str(listening.certificate))
        assert webhook.send(Webhook(listening.url, KEY), BODY, {}) == why
    assert paths == ["/hooks/T0SECRET"] * requests


def test_neither_address_nor_key_is_in_a_log(
    receiver: Listening, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webhook, "_BACKOFF", 0.01)
    verbose.switch(on=True)
    try:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        closed = webhook.send(Webhook(f"https://127.0.0.1:{port}/hooks/T0SECRET", KEY), BODY, {})
        assert closed == "it does not respond (NewConnectionError)"
        monkeypatch.delenv("SSL_CERT_FILE")
        assert webhook.send(Webhook(receiver.url, KEY), BODY, {}) == "it does not respond (SSLError)"
    finally:
        verbose.switch(on=False)
    shown = "".join(capfd.readouterr())
    assert "T0SECRET" not in shown
    assert KEY not in shown
