"""The receiver that docs/notify.md shows, behind TLS: what people copy is what the tests run."""

from __future__ import annotations

import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.tools.command import ROOT


@dataclass(frozen=True)
class Listening:
    """A server that listens at `url`; who trusts the `certificate` trusts it."""

    url: str
    certificate: Path


def shown() -> dict[str, Any]:
    """Return what the page's Python defines."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "notify.md").read_text(), re.DOTALL)
    defined: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(code, "docs/notify.md", "exec"), defined)  # noqa: S102  a page of our own
    return defined


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], folder: Path) -> Iterator[Listening]:
    """Serve `handler` over TLS while the block lasts."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Listening(f"https://127.0.0.1:{server.server_port}/hooks/T0SECRET", certificate)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
