"""Repositories of this machine over HTTP, since actions/checkout knows no other way. See git-http-backend(1)."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What git-http-backend is told of a request, and where that comes from.
_HEADERS = {
    "CONTENT_TYPE": "Content-Type", "GIT_PROTOCOL": "Git-Protocol", "HTTP_CONTENT_ENCODING": "Content-Encoding",
}  # fmt: skip


class Server(ThreadingHTTPServer):
    """Serves the bare repository at `places[name]` as `/name`; `places` may change at any time."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.places: dict[str, Path] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextmanager
def running() -> Iterator[Server]:
    """Serve until the block ends."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        name = next((each for each in self.server.places if path.startswith(f"/{each}/")), None)
        if name is None:
            self.send_error(404)
            return
        env = {variable: self.headers.get(header, "") for variable, header in _HEADERS.items()}
        env |= {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.server.places[name]), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.removeprefix(f"/{name}"), "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "REMOTE_ADDR": "127.0.0.1",
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], env=env, input=self._body(), capture_output=True, check=False)
        self._answer(done.stdout)

    do_POST = do_GET  # noqa: N815  as the base class calls it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Say nothing: the log is that of the rows."""

    def _answer(self, answer: bytes) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        return b"".join(parts)
