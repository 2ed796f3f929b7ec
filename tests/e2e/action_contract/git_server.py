"""Repositories of this machine over HTTP, since actions/checkout knows no other way; git-lfs too.

See git-http-backend(1), and the "Git LFS Batch API".
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.action_contract.repository import DEMANDS_TOKEN, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

# What git-http-backend is told of a request, and where that comes from.
_HEADERS = {
    "CONTENT_TYPE": "Content-Type", "GIT_PROTOCOL": "Git-Protocol", "HTTP_CONTENT_ENCODING": "Content-Encoding",
}  # fmt: skip
_REPOSITORY = re.compile(r"/[^/]+/[^/]+?(?=(?:\.git)?/)")
_BATCH, _OBJECTS = "/info/lfs/objects/batch", "/lfs/objects/"
_ALLOWED = "basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


class Server(ThreadingHTTPServer):
    """Serves the bare repository `root`/owner/name.git as `/owner/name`."""

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextmanager
def running(root: Path) -> Iterator[Server]:
    """Serve the repositories below `root` until the block ends."""
    with Server(root) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        named = _REPOSITORY.match(path)
        if not named:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        repository = f"{named[0]}.git"
        rest = path[named.end() :].removeprefix(".git")
        if f"{repository}{rest}".startswith(DEMANDS_TOKEN) and self.headers.get("Authorization") != _ALLOWED:
            self.send_error(HTTPStatus.NOT_FOUND)  # as GitHub: what one may not read is not there
        elif rest == _BATCH:
            self._answer_batch(repository)
        elif rest.startswith(_OBJECTS):
            self._send(HTTPStatus.OK, {}, Path(f"{self.server.root}{repository}{rest}").read_bytes())
        else:
            self._answer_git(f"{repository}{rest}", query)

    do_POST = do_GET  # noqa: N815  as the base class calls it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Say nothing: the log is that of the rows."""

    def _answer_git(self, path: str, query: str) -> None:
        env = {variable: self.headers.get(header, "") for variable, header in _HEADERS.items()}
        env |= {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], env=env, input=self._body(), capture_output=True, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self._send(int(headers.pop("Status", "200").split()[0]), headers, body)

    def _answer_batch(self, repository: str) -> None:
        """Say where the objects are that git-lfs asks for."""
        place = f"{self.server.url}{repository}{_OBJECTS}"
        objects = [
            {
                "oid": oid,
                "size": each["size"],
                "authenticated": True,
                "actions": {"download": {"href": f"{place}{oid[:2]}/{oid[2:4]}/{oid}"}},
            }
            for each in json.loads(self._body())["objects"]
            for oid in (each["oid"],)
        ]
        body = json.dumps({"transfer": "basic", "objects": objects}).encode()
        self._send(HTTPStatus.OK, {"Content-Type": "application/vnd.git-lfs+json"}, body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
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
