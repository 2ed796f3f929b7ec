"""A proxy that breaks things: it stands before the registry and AWS, and does one fault to one request of a release."""

from __future__ import annotations

import http.client
import re
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_UPLOAD = re.compile(r"/blobs/uploads/[^/?]+")
_QUERY = re.compile(r"\?(?!digest=).*|_state=[^&]*&?")
_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


class Fault(StrEnum):
    """What can go wrong with one request."""

    ERROR_500 = "500"
    ERROR_503 = "503"
    THROTTLED = "429 with Retry-After"
    UNAUTHORIZED = "401"
    RESET_BEFORE = "connection reset before the body"
    RESET_AFTER = "connection reset after the body"
    CUT_SHORT = "answer cut short"
    SILENCE = "silence until time-out"
    WRONG_DIGEST = "wrong digest in the answer"


_STATUS = {Fault.ERROR_500: 500, Fault.ERROR_503: 503, Fault.THROTTLED: 429, Fault.UNAUTHORIZED: 401}


@dataclass(frozen=True)
class Request:
    """One request of a release: what it asks, and which time it is that it asks so (from 0)."""

    method: str
    target: str
    occurrence: int


@dataclass
class Plan:
    """The fault to do: to the one `request`, or, when it is `persistent`, to each such request from then on."""

    request: Request | None = None
    fault: Fault = Fault.ERROR_500
    persistent: bool = False
    hits: int = 0
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    log: list[Request] = field(default_factory=list)

    def strike(self, method: str, target: str) -> Fault | None:
        """Note a request, and return the fault to do to it, if any."""
        request = Request(method, target, self.seen[method, target])
        self.seen[method, target] += 1
        self.log.append(request)
        wanted = self.request
        if wanted is None or (wanted.method, wanted.target) != (method, target):
            return None
        if request.occurrence != wanted.occurrence and not (self.persistent and request.occurrence > wanted.occurrence):
            return None
        self.hits += 1
        return self.fault


class Proxy:
    """Listens on loopback for `upstream` (`host:port`); words of answers in `rewrite` are replaced."""

    def __init__(self, upstream: str, *, silence: float, rewrite: dict[str, str] | None = None) -> None:
        self.plan = Plan()
        self.upstream = upstream
        self.silence = silence
        self.rewrite = rewrite or {}
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Handler,), {"proxy": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """Where it listens, as `host:port`."""
        return f"127.0.0.1:{self._server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        try:
            self._respond()
        except OSError:  # the client had enough of waiting, and went
            self.close_connection = True

    def _respond(self) -> None:
        fault = self._fault()
        if fault is Fault.RESET_BEFORE:
            self._reset()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault in _STATUS:
            self._refuse(_STATUS[fault], body)
            return
        if fault is Fault.SILENCE:
            threading.Event().wait(self.proxy.silence)
            self._reset()
            return
        status, headers, content = self._forward(body)
        if fault is Fault.RESET_AFTER:
            self._reset()
        elif fault is Fault.CUT_SHORT:
            self._answer(status, headers, content, cut=True)
        else:
            self._answer(status, _lie(headers) if fault is Fault.WRONG_DIGEST else headers, content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815  http.server's names

    def _fault(self) -> Fault | None:
        action = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        target = action or _QUERY.sub("", _UPLOAD.sub("/blobs/uploads/…", self.path))
        with self.proxy.lock:
            return self.proxy.plan.strike(self.command, target)

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        host, port = self.proxy.upstream.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
            answer = connection.getresponse()
            content = answer.read()
            kept = {name: value for name, value in answer.getheaders() if name.lower() != "transfer-encoding"}
        finally:
            connection.close()
        for old, new in self.proxy.rewrite.items():
            content = content.replace(old.encode(), new.encode())
            kept = {name: value.replace(old, new) for name, value in kept.items()}
        if self.command != "HEAD":
            kept = {name: value for name, value in kept.items() if name.lower() != "content-length"}
            kept["Content-Length"] = str(len(content))
        return answer.status, kept, content

    def _answer(self, status: int, headers: dict[str, str], content: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not cut:
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else content)
            return
        if content and self.command != "HEAD":
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
        else:
            self.flush_headers()  # an answer whose headers never end
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _refuse(self, status: int, body: bytes) -> None:
        del body
        headers = {"Content-Length": "2", "Content-Type": "application/json"}
        if status == _STATUS[Fault.THROTTLED]:
            headers["Retry-After"] = "0"
        self._answer(status, headers, b"{}")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        self.wfile = self.rfile = _Closed()  # type: ignore[assignment]

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Closed:
    """What is left of a connection that was reset."""

    closed = True

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def readline(self, *_: object) -> bytes:
        return b""


def _lie(headers: dict[str, str]) -> dict[str, str]:
    wrong = "sha256:" + "0" * 64
    return {name: wrong if name.lower() == "docker-content-digest" else value for name, value in headers.items()}
