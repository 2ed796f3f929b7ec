"""Run the real registry, CNCF distribution, as a child process on a socket file that only this user can open.

It requires no login, so it gets no network port: clients reach it through `registry_front`.
Configuration keys: https://distribution.github.io/distribution/about/configuration/
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.shared import oci, process
from goldenpath.shared.errors import LocalTrouble, ToolMissing

if TYPE_CHECKING:
    import subprocess  # noqa: TID251  the type only
    from collections.abc import Mapping

MANIFESTS = f"{oci.INDEX}, {oci.MANIFEST}, {oci.DOCKER_LIST}, {oci.DOCKER_MANIFEST}"
_PID_FILE = "registry.pid"
_START_SECONDS = 15.0
# Go's `Server.Shutdown` waits 5 s for a connection that has sent nothing yet; no request is left to finish here.
_STOP_SECONDS = 0.5
_SEND_SIZE = 1 << 20


@dataclass(frozen=True)
class RegistryReply:
    """The registry's response to a small request: status, headers (names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SocketConnection(http.client.HTTPConnection):
    """HTTP/1.1 over a Unix socket."""

    def __init__(self, path: Path, *, timeout: float = 60.0) -> None:
        super().__init__("registry", timeout=timeout, blocksize=_SEND_SIZE)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class RegistryProcess:
    """The running registry; everything it holds is under `storage`."""

    def __init__(self, child: subprocess.Popen[bytes], room: Path, storage: Path) -> None:
        self._child = child
        self._room = room
        self.storage = storage

    @classmethod
    def start(cls, program: Path, folder: Path) -> RegistryProcess:
        """Start `program` on an empty storage in `folder` and wait until it responds.

        Raises `LocalTrouble` when it cannot be started or does not respond; its log is `registry.log` in `folder`.
        """
        storage, log = folder / "registry", folder / "registry.log"
        _stop_leftover(folder)
        shutil.rmtree(storage, ignore_errors=True)
        log.unlink(missing_ok=True)
        # The path of a socket is limited to about 100 bytes, and `folder` can be longer.
        room = Path(tempfile.mkdtemp(prefix="goldenpath-"))
        config = folder / "registry.json"
        config.touch(mode=0o600)
        config.write_bytes(_configuration(storage, room / "socket"))
        try:
            child = process.start(program, "serve", config, log=log)
        except ToolMissing as error:
            shutil.rmtree(room)
            raise LocalTrouble("The local registry cannot be started", why=str(error), fix=error.fix) from error
        (folder / _PID_FILE).write_text(str(child.pid))
        registry = cls(child, room, storage)
        try:
            registry._wait_until_up(log)
        except BaseException:
            registry.stop()
            raise
        return registry

    def stop(self) -> None:
        """Stop the registry; its storage stays. Safe to call twice."""
        process.stop_group(self._child, patience=_STOP_SECONDS)
        shutil.rmtree(self._room, ignore_errors=True)

    def connect(self) -> SocketConnection:
        """Return a new connection to the registry; the caller closes it."""
        return SocketConnection(self._room / "socket")

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> RegistryReply:
        """Send one small request and return the whole response."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body=body or None, headers=dict(headers or {}))
            response = connection.getresponse()
            headers_received = {name.lower(): value for name, value in response.getheaders()}
            return RegistryReply(response.status, headers_received, response.read())

    def tags(self, repository: str) -> dict[str, str]:
        """Return every tag of `repository` with its digest, as the registry reports them."""
        reply = self.ask("GET", f"/v2/{repository}/tags/list")
        listed: dict[str, Any] = json.loads(reply.body) if reply.status == http.HTTPStatus.OK else {}
        digests = {tag: self.digest(repository, tag) for tag in listed.get("tags") or ()}
        return {tag: digest for tag, digest in digests.items() if digest}

    def manifests(self, repository: str) -> set[str]:
        """Return the digest of every manifest of `repository` that the registry serves, tagged or not."""
        links = self.storage.glob(f"docker/registry/v2/repositories/{repository}/_manifests/revisions/sha256/*/link")
        digests = (f"sha256:{link.parent.name}" for link in links)
        return {digest for digest in digests if self.digest(repository, digest)}

    def digest(self, repository: str, reference: str) -> str | None:
        """Return the digest of the manifest under a tag or digest; `None` when there is none."""
        path = f"/v2/{repository}/manifests/{quote(reference, safe=':')}"
        reply = self.ask("HEAD", path, headers={"Accept": MANIFESTS})
        return reply.headers.get("docker-content-digest") if reply.status == http.HTTPStatus.OK else None

    def remove(self, repository: str, reference: str) -> None:
        """Remove a tag, or the manifest of a digest with all its tags; does nothing when it does not exist."""
        self.ask("DELETE", f"/v2/{repository}/manifests/{quote(reference, safe=':')}")

    def _wait_until_up(self, log: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._child.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self.ask("GET", "/v2/").status == http.HTTPStatus.OK:
                    return
            time.sleep(0.01)
        raise LocalTrouble(
            "The local registry does not respond",
            why=_last_line(log) or f"It did not respond within {_START_SECONDS:g} seconds",
            fix=f"See {log}, and try `goldenpath tools verify`",
        )


def _stop_leftover(folder: Path) -> None:
    """Stop the registry that a killed emulator left running in `folder`.

    Its command line, which names our configuration, identifies it; without /proc it runs until its user logs out.
    """
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / _PID_FILE).read_text())
        if str(folder / "registry.json").encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            os.kill(pid, signal.SIGKILL)


def _configuration(storage: Path, socket_path: Path) -> bytes:
    """Return the registry's configuration, as JSON, which every YAML parser reads."""
    return json.dumps(
        {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(storage)},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {"net": "unix", "addr": str(socket_path), "secret": secrets.token_hex(32)},
        }
    ).encode()


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    return lines[-1] if lines else ""
