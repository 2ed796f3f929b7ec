"""A registry on loopback that has the base images of a test, and an image whose RUN steps have a shell."""

from __future__ import annotations

import http.server
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools import apps
from tests.tools.program_files import image

from goldenpath.shared import process
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.model.layout import Layout

ANY = 1 << 20


@dataclass
class Registry:
    """A registry that serves one image under any name; every tag is gone after as many `lookups` by tag.

    Once it has `moved`, each tag names another image. One that `is_private` answers nobody.
    """

    image: Layout
    lookups: int
    moved: bytes = b""
    is_private: bool = False
    by_tag: list[str] = field(default_factory=list)
    host: str = ""

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return the status, the type and the bytes of what is at `path`."""
        if self.is_private:
            return 401, "application/json", b'{"errors": [{"code": "UNAUTHORIZED"}]}'
        if path == "/v2/":
            return 200, "text/plain", b""
        _, kind, reference = path.rsplit("/", 2)
        root = self.image.root()
        if kind == "manifests" and ":" not in reference:
            self.by_tag.append(path)
            if len(self.by_tag) > self.lookups:
                return 404, "text/plain", b""
            if self.moved:
                return 200, root.media_type, self.moved
            return 200, root.media_type, self.image.manifest_bytes(root)
        content = (self.image.path / "blobs" / "sha256" / reference.removeprefix("sha256:")).read_bytes()
        return 200, root.media_type if kind == "manifests" else "application/octet-stream", content


@contextmanager
def serving(served: Registry) -> Iterator[Registry]:
    """Serve on loopback while the block lasts; `host` is then the registry's name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        # Docker with the containerd store tries TLS first, and goes on without it where the response is one of HTTP.
        default_request_version = "HTTP/1.0"

        def do_GET(self) -> None:
            status, media_type, content = served.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            # With it one request by tag is enough.
            self.send_header("Docker-Content-Digest", Digest.of(content))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815  http.server's own name

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shell_image(folder: Path) -> Layout:
    """Return the layout of a small Debian whose RUN steps have this machine's own shell, without any other program."""
    shell = Path("/bin/sh").resolve()
    needed = process.run("ldd", shell, timeout=10).stdout.decode()
    files: dict[str, str | bytes] = {
        path.lstrip("/"): Path(path).read_bytes() for path in re.findall(r"(/\S+) \(", needed)
    }
    system = {
        "etc/os-release": apps.OS_RELEASE,
        "etc/debian_version": "12.12\n",
        "var/lib/dpkg/status": apps.DPKG_STATUS,
    }
    return image(folder, {**files, "bin/sh": shell.read_bytes(), **system})
