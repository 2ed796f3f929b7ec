"""A connection that breaks in the middle of a layer, before a real registry."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from goldenpath.delivery.model.layout import Descriptor
from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.delivery.registry.oci_registry import OciRegistry, Upload
from goldenpath.shared import http
from goldenpath.shared.names import Digest, EcrRepository
from goldenpath.shared.oci import GZIP_LAYER

if TYPE_CHECKING:
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

SIZE, ENOUGH = 6_000_000, 3_000_000


class Cutter:
    """Passes bytes on to `upstream`, and breaks a connection once, when enough of them have gone that way."""

    def __init__(self, upstream: str) -> None:
        self.broken = 0
        self._upstream = upstream.split(":")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((self._upstream[0], int(self._upstream[1])))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        passed = 0
        with source, sink, suppress(OSError):
            while piece := source.recv(1 << 16):
                sink.sendall(piece)
                passed += len(piece)
                if passed > ENOUGH and not self.broken:
                    self.broken = passed
                    sink.shutdown(socket.SHUT_RDWR)
                    return


@pytest.fixture
def cutter(emulator: Local) -> Iterator[Cutter]:
    with closing(Cutter(emulator.registry_host)) as found:
        yield found


def test_a_layer_whose_connection_breaks_is_sent_anew_and_arrives_whole(
    emulator: Local, repository: str, cutter: Cutter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.05)
    layer = tmp_path / "layer"
    layer.write_bytes(os.urandom(SIZE))
    blob = Descriptor(GZIP_LAYER, Digest.of(layer.read_bytes()), SIZE)
    admin = boto3.Session(emulator.admin.id, emulator.admin.secret, region_name=emulator.region)
    client = admin.client("ecr", endpoint_url=emulator.environment()["AWS_ENDPOINT_URL"])
    login = replace(Ecr(lambda: client).login(), endpoint=f"http://{cutter.host}")
    with closing(OciRegistry(login, EcrRepository(repository))) as registry:
        registry.upload_blob(Upload(blob, layer))
        assert ENOUGH < cutter.broken < SIZE
        assert registry.has_blob(blob.digest)
