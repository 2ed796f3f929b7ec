"""Servers on loopback: they respond until they are stopped, and then give their port back."""

from __future__ import annotations

import pytest
import urllib3
from werkzeug.wrappers import Response

from goldenpath.local.serving import ServerThread, origin, wsgi_server

pytestmark = pytest.mark.tools


def test_a_server_that_was_stopped_gives_no_response() -> None:
    server = wsgi_server(Response("here"))
    serving, place = ServerThread(server), origin(server)
    assert urllib3.request("GET", place, retries=False).data == b"here"
    serving.stop()
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", place, retries=False)
