"""The real trivy fetches its database from a real registry, the second of two mirrors, and only when it is due."""

from __future__ import annotations

import io
import json
import shutil
import socket
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from tests import waiting

from goldenpath.delivery.scanners import trivy_canary, trivy_database
from goldenpath.local.vulnerabilities import vulnerability_db
from goldenpath.shared import process
from goldenpath.shared.errors import ScannerFailed
from goldenpath.shared.names import Digest
from goldenpath.shared.toolchain import Toolchain

pytestmark = pytest.mark.tools

LAYER = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
JAVA_LAYER = "application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip"
CONFIG = "application/vnd.aquasec.trivy.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
NOWHERE = "127.0.0.1:1/aquasec/trivy-db:2"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(host: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(host.rpartition(":")[2]))) == 0


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The host of a registry on loopback."""
    host = f"127.0.0.1:{free_port()}"
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
        "http": {"addr": host},
    }
    (tmp_path / "registry.yml").write_text(json.dumps(settings))
    program = Toolchain.load().provide("registry").path
    child = process.start(program, "serve", tmp_path / "registry.yml", log=tmp_path / "registry.log")
    try:
        waiting.until(lambda: answers(host), (tmp_path / "registry.log").read_text)
        yield host
    finally:
        process.stop_group(child)


def push(host: str, database: Path, file: str = "trivy.db", layer: str = LAYER) -> str:
    """Put a database into the registry as trivy-db's own build does, and return its address."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in (file, "metadata.json"):
            archive.add(database / name, name)
    layers = [(layer, content.getvalue())]
    title = {"org.opencontainers.image.title": "db.tar.gz"}
    parts = [
        {"mediaType": kind, "digest": put(host, raw), "size": len(raw), "annotations": title} for kind, raw in layers
    ]
    config = {"mediaType": CONFIG, "digest": put(host, b"{}"), "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": parts}
    done = urllib3.request(
        "PUT", f"http://{host}/v2/aquasec/trivy-db/manifests/2", body=json.dumps(manifest).encode(),
        headers={"Content-Type": MANIFEST},
    )  # fmt: skip
    assert done.status == 201
    return f"{host}/aquasec/trivy-db:2"


def put(host: str, raw: bytes) -> str:
    place = urllib3.request("POST", f"http://{host}/v2/aquasec/trivy-db/blobs/uploads/").headers["Location"]
    sign = "&" if "?" in place else "?"
    whole = place if place.startswith("http") else f"http://{host}{place}"
    done = urllib3.request("PUT", f"{whole}{sign}digest={Digest.of(raw)}", body=raw)
    assert done.status == 201
    return str(Digest.of(raw))


def test_the_second_mirror_gives_what_the_first_does_not_and_the_verdict_can_name_it(
    registry: str, trivy_cache: Path, tmp_path: Path
) -> None:
    address, program, said = push(registry, trivy_cache / "db"), Toolchain.load().provide("trivy"), list[str]()
    found = trivy_database.provide(program, tmp_path / "cache", (NOWHERE, address), said.append)
    assert found.source == address
    assert datetime.now(UTC) - found.updated < timedelta(days=1)
    assert said == [f"fetching trivy's database from {each}" for each in (NOWHERE, address)]
    assert trivy_database.provide(program, tmp_path / "cache", (NOWHERE,), said.append) == found
    assert len(said) == 2


def test_an_outdated_database_is_kept_while_no_mirror_answers(
    trivy_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trivy_database, "ROUNDS", 1)
    monkeypatch.setattr(trivy_database, "FIRST_PAUSE", 0.0)
    program, cache = Toolchain.load().provide("trivy"), tmp_path / "cache"
    with pytest.raises(ScannerFailed, match="Its database could not be fetched"):
        trivy_database.provide(program, cache, (NOWHERE,), lambda _: None)
    (cache / "db").mkdir(parents=True, exist_ok=True)
    (cache / "db" / "trivy.db").write_bytes((trivy_cache / "db" / "trivy.db").read_bytes())
    old = {**vulnerability_db.metadata(datetime(2026, 1, 1, tzinfo=UTC)), "NextUpdate": "2026-01-02T00:00:00Z"}
    (cache / "db" / "metadata.json").write_text(json.dumps(old))
    found = trivy_database.provide(program, cache, (NOWHERE,), lambda _: None)
    assert found.updated == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_promise_of_centuries_does_not_keep_trivy_from_fetching(
    registry: str, trivy_cache: Path, tmp_path: Path
) -> None:
    address, program, cache = push(registry, trivy_cache / "db"), Toolchain.load().provide("trivy"), tmp_path / "cache"
    (cache / "db").mkdir(parents=True)
    (cache / "db" / "trivy.db").write_bytes((trivy_cache / "db" / "trivy.db").read_bytes())
    made = datetime.now(UTC) - timedelta(hours=40)
    (cache / "db" / "metadata.json").write_text(json.dumps(vulnerability_db.metadata(made)))
    found = trivy_database.provide(program, cache, (address,), lambda _: None)
    assert datetime.now(UTC) - found.updated < timedelta(hours=30)


def test_the_java_database_comes_from_its_own_mirrors_and_is_kept(
    registry: str, trivy_cache: Path, tmp_path: Path
) -> None:
    address = push(registry, trivy_cache / "java-db", "trivy-java.db", JAVA_LAYER)
    program, said = Toolchain.load().provide("trivy"), list[str]()
    for mirrors in ((NOWHERE, address), (NOWHERE,)):
        found = trivy_database.provide(program, tmp_path / "cache", mirrors, said.append, trivy_database.JAVA)
        assert found.source == address
    assert said == [f"fetching trivy's Java database from {each}" for each in (NOWHERE, address)]
    shutil.copytree(trivy_cache / "db", tmp_path / "cache" / "db")
    assert trivy_canary.knows_java(program, tmp_path / "cache")
