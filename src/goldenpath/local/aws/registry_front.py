"""The HTTP server in front of the registry, which behaves as ECR's data plane does. It streams both ways.

ECR's behaviour, measured and from public issue threads: a login comes from GetAuthorizationToken; a push creates no
repository; the tag of an immutable repository is refused, even with the same digest; a client cannot delete; the
response to a mount is a plain upload session, unless the account mounts blobs; the response to a PATCH is 201, and ECR
silently drops every PATCH after the first (containers-roadmap 2831).
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import logging
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qs

from goldenpath.local.aws.bodies import PIECE, ClientGoneError, RequestBody
from goldenpath.local.aws.data_plane import Call, DataPlane, RefusedError, refuse_overwriting
from goldenpath.local.aws.ecr_store import EcrStore, PutManifest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.ecr.models import Repository

    from goldenpath.local.aws.ecr import EcrApi
    from goldenpath.local.aws.principals import Principal

LOG = logging.getLogger("goldenpath.local")
_LARGEST_MANIFEST = 4 << 20
_FORWARDED = ("Accept", "Content-Type", "Content-Range", "Host", "Range", "If-None-Match", "User-Agent")
_HOP_BY_HOP = {"connection", "date", "keep-alive", "server", "transfer-encoding"}
_BODILESS = {204, 304}


class RegistryFront(ThreadingHTTPServer):
    """The server, on a loopback port that the system chooses."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: EcrStore, gate: DataPlane) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.gate = gate
        # Set by whoever starts the control plane, which needs the address of this server first.
        self.api: EcrApi
        self.uploads = UploadSessions()
        self._open: set[socket.socket] = set()

    @property
    def host(self) -> str:
        """The host and port, as image names have them."""
        return f"127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  the standard library's types
        """Start a thread for a connection, and keep the connection until it ends."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening and end the connections that clients keep open."""
        super().server_close()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class UploadSessions:
    """The upload sessions after their first PATCH: where each continues, and the length that its client assumes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._patched: dict[str, tuple[str, int]] = {}

    def patched(self, session: str) -> tuple[str, int] | None:
        """Return the location and the length in bytes after the PATCH; `None` when there was none."""
        with self._lock:
            return self._patched.get(session)

    def note(self, session: str, location: str, length: int) -> None:
        """Record the location and length of `session` after a PATCH."""
        with self._lock:
            self._patched[session] = (location, length)

    def end(self, session: str) -> None:
        """Forget `session`."""
        with self._lock:
            self._patched.pop(session, None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: RegistryFront
    _response_started = False

    def handle_one_request(self) -> None:
        """Respond to one request; a client that closes the connection is not an error."""
        try:
            super().handle_one_request()
        except (ClientGoneError, ConnectionError, TimeoutError) as error:
            LOG.info("A client closed its connection: %s", error)
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in the standard library
        """Write to the local log instead of stderr."""
        LOG.info(format, *args)

    def _respond(self) -> None:
        self._response_started = False
        body = RequestBody(self.rfile, self.headers)
        try:
            call = Call.parse(self.command, self.path)
            repository = self.server.gate.admit(call, self.headers.get("Authorization", ""))
            self._carry_out(call, repository, body)
        except RefusedError as refusal:
            body.drain()
            self._refuse(refusal)
        except (OSError, http.client.HTTPException) as error:
            LOG.warning("The registry does not respond: %s", error)
            self.close_connection = True
            if not self._response_started:
                self._refuse(RefusedError(500, "UNKNOWN", "The registry behind this server does not respond."))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815  names of the standard library

    def _carry_out(self, call: Call, repository: Repository | None, body: RequestBody) -> None:
        match call.kind, call.method:
            case "manifests", "PUT" if repository is not None:
                self._put_manifest(call, repository, body)
            case "manifests", "GET" if repository is not None:
                body.drain()
                if self.server.api.records_pulls_of(self._principal()):
                    self.server.store.record_pull(repository, call.image_id)
                self._forward(self.path)
            case "uploads", "POST" if repository is not None:
                # Without its query it is neither a mount nor an upload in one request: ECR responds with 202 to both.
                body.drain()
                path, _, query = self.path.partition("?")
                mounts = self.server.api.mounts(parse_qs(query), repository, self._principal())
                self._forward(self.path if mounts else path)
            case "uploads", "PATCH":
                self._patch(call, body)
            case "uploads", "PUT":
                self._finish(call, body)
            case _:
                body.drain()
                self._forward(self.path)

    def _principal(self) -> Principal:
        return self.server.gate.principal(self.headers.get("Authorization", ""))

    def _put_manifest(self, call: Call, repository: Repository, body: RequestBody) -> None:
        try:
            manifest = PutManifest(body.whole(_LARGEST_MANIFEST), self.headers.get("Content-Type", ""))
        except ValueError as error:
            raise RefusedError(413, "MANIFEST_INVALID", str(error)) from None
        store = self.server.store
        with store.lock:
            if call.tag is not None:
                refuse_overwriting(repository, call.tag)
            reply = store.registry.ask("PUT", self.path, headers=self._kept_headers(), body=manifest.content)
            if reply.status == HTTPStatus.CREATED:
                image = store.record(repository, manifest, call.tag)
                self.server.api.pushed(repository, image, self._principal())
        self._relay(reply.status, reply.headers.items(), io.BytesIO(reply.body))

    def _patch(self, call: Call, body: RequestBody) -> None:
        before = self.server.uploads.patched(call.reference)
        if before is None:
            with contextlib.closing(self.server.store.registry.connect()) as connection:
                response = self._exchange(connection, self.path, body)
                if response.status != HTTPStatus.ACCEPTED:
                    self._relay(response.status, response.getheaders(), response)
                    return
                location, length = response.headers["Location"], body.taken
        else:
            body.drain()
            location, length = before[0], before[1] + body.taken
        self.server.uploads.note(call.reference, location, length)
        headers = {"Location": location, "Range": f"0-{length - 1}", "Docker-Upload-UUID": call.reference}
        self._relay(HTTPStatus.CREATED, headers.items(), io.BytesIO())

    def _finish(self, call: Call, body: RequestBody) -> None:
        if self.server.uploads.patched(call.reference) is None:
            self._forward(self.path, body)
            return
        body.drain()
        self._forward(self.path)
        self.server.uploads.end(call.reference)

    def _forward(self, path: str, body: RequestBody | None = None) -> None:
        with contextlib.closing(self.server.store.registry.connect()) as connection:
            response = self._exchange(connection, path, body)
            self._relay(response.status, response.getheaders(), response)

    def _exchange(
        self, connection: http.client.HTTPConnection, path: str, body: RequestBody | None
    ) -> http.client.HTTPResponse:
        headers = self._kept_headers()
        if body is None:
            connection.request(self.command, path, headers=headers)
            return connection.getresponse()
        headers |= {"Transfer-Encoding": "chunked"} if body.chunked else {"Content-Length": str(body.length)}
        # A registry that refuses a request early stops reading; its response can still be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(self.command, path, body=body.pieces(), headers=headers, encode_chunked=body.chunked)
        body.drain()
        return connection.getresponse()

    def _kept_headers(self) -> dict[str, str]:
        """Return the headers to forward; `Host` is one of them, so that the `Location` in a response leads here."""
        return {name: self.headers[name] for name in _FORWARDED if name in self.headers}

    def _relay(self, status: int, headers: Iterable[tuple[str, str]], source: IO[bytes]) -> None:
        kept = {name: value for name, value in headers if name.lower() not in _HOP_BY_HOP}
        if not any(name.lower() == "content-length" for name in kept) and status not in _BODILESS:
            content = source.read()
            source, kept["Content-Length"] = io.BytesIO(content), str(len(content))
        self._response_started = True
        self.send_response(status)
        for name, value in kept.items():
            self.send_header(name, value)
        self.end_headers()
        while self.command != "HEAD" and (piece := source.read(PIECE)):
            self.wfile.write(piece)

    def _refuse(self, refusal: RefusedError) -> None:
        content = json.dumps({"errors": [{"code": refusal.code, "message": refusal.message}]}).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "Docker-Distribution-Api-Version": "registry/2.0"}
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = f'Basic realm="http://{self.server.host}/",service="ecr.amazonaws.com"'
        self._relay(refusal.status, headers.items(), io.BytesIO(content))
