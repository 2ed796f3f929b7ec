"""Run WSGI servers on loopback ports, one thread per server."""

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
    """A thread that runs a server until `stop`."""

    def __init__(self, server: BaseServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the server and release its port. Safe to call twice."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def wsgi_server(application: WSGIApplication) -> ThreadedWSGIServer:
    """Return a server for `application` on a port that the system chooses; it does not serve requests yet."""
    return ThreadedWSGIServer("127.0.0.1", 0, application, handler=_QuietHandler)


def origin(server: ThreadedWSGIServer) -> str:
    """Return the URL of `server`, without a path."""
    return f"http://127.0.0.1:{server.server_port}"


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401  werkzeug's signature
        """Write to the local log instead of stderr."""
        LOG.info("%s: %s", type, message % args if args else message)
