"""Servers in threads of their own, on loopback only."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from socketserver import BaseServer

    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger("goldenpath.local")


class ServerThread:
    """A server that answers in a thread until it is stopped."""

    def __init__(self, server: BaseServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and give the port back. Safe to call twice."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def wsgi_server(application: WSGIApplication) -> ThreadedWSGIServer:
    """Return a server for `application` on a port of the system's choice, not answering yet."""
    return ThreadedWSGIServer("127.0.0.1", 0, application, handler=_QuietHandler)


def origin(server: ThreadedWSGIServer) -> str:
    """Return the URL that `server` answers at, without a path."""
    return f"http://127.0.0.1:{server.server_port}"


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401  werkzeug's signature
        """Log to the local log instead of stderr."""
        LOG.info("%s: %s", type, message % args if args else message)
