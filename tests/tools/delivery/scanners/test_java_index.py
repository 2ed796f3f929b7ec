"""An image with Java archives is judged by trivy's Java database, and where there is none, by what archives say."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools.delivery.scanners.test_trivy_scanner import LOG4SHELL
from tests.tools.program_files import ARTIFACT, GROUP, OLD, archive, coordinates, image
from tests.unit import run_builder

from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.rules import effective
from goldenpath.delivery.scanners import image_inspection, java_index, trivy_canary, trivy_database
from goldenpath.delivery.scanners.java_index import MavenArchive
from goldenpath.shared.errors import JavaDatabaseMissing, ToolFailed
from goldenpath.shared.names import Digest
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.delivery.model.finding import Database, Findings

pytestmark = pytest.mark.tools

NAMED, UNNAMED = archive(coordinates()), archive({"Main.class": b"\xca\xfe\xba\xbe"})
CANARY = MavenArchive(GROUP, ARTIFACT, OLD)


@pytest.fixture
def cache(trivy_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """trivy's cache with the database of vulnerabilities alone; no mirror responds."""

    def refuse(*_: object) -> None:
        raise ToolFailed("trivy ended with exit status 1", why="no such host", fix="run again")

    shutil.copytree(trivy_cache / "db", tmp_path / "trivy" / "db")
    monkeypatch.setenv("GOLDENPATH_TRIVY_CACHE", str(tmp_path / "trivy"))
    monkeypatch.setattr(effective, "app_file", lambda *_: None)  # the app tightens nothing
    monkeypatch.setattr(trivy_database, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(trivy_database, "_download", refuse)
    return tmp_path / "trivy"


def know(cache: Path, archives: Iterable[MavenArchive], *, made: datetime | None = None) -> None:
    java_index.write(cache / "java-db", archives, made or datetime.now(UTC))


def inspect(folder: Path, layout: Layout, environment: str) -> Findings:
    run = replace(run_builder.run(folder, environment), program=Toolchain.load().provide)
    return image_inspection.inspect(run, layout)


def seen(report: Findings) -> set[str]:
    return {each.id for each in report.findings}


def test_an_image_without_java_needs_no_java_database(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trivy_canary, "knows_java", lambda *_: pytest.fail("the Java database was asked"))
    report = inspect(tmp_path, image(tmp_path, {"app/readme.txt": "Nothing here is Java.\n"}), "prod")
    assert report.java_database is None
    assert not (cache / "java-db").exists()


def test_without_it_a_blocking_environment_says_what_is_missing(cache: Path, tmp_path: Path) -> None:
    layout = image(tmp_path, {"app/app.jar": NAMED})
    with pytest.raises(JavaDatabaseMissing) as caught:
        inspect(tmp_path, layout, "prod")
    assert str(caught.value) == (
        "The image holds Java archives (app/app.jar), and trivy's Java database is missing: vulnerabilities in Java "
        "archives would be missed, so nothing was released. Its Java database could not be fetched: no such host. Run "
        "again when a mirror responds, or name another mirror under trivy.java_databases in the platform's policy; "
        "where the cache is kept, remove the folder java-db from trivy's cache first."
    )
    assert cache.exists()


@pytest.mark.usefixtures("cache")
def test_without_it_an_advisory_environment_judges_what_archives_say_of_themselves(tmp_path: Path) -> None:
    layout = image(tmp_path, {"app/app.jar": NAMED, f"app/{ARTIFACT}-{OLD}.jar": UNNAMED})
    report = inspect(tmp_path, layout, "dev")
    assert [each.location.path for each in report.findings if each.id == LOG4SHELL] == ["app/app.jar"]
    assert report.java_database is None
    assert (
        "The image holds Java archives (app/app.jar), and trivy's Java database is missing: archives that do not name "
        "their Maven package themselves (pom.properties) are not identified; in a blocking environment nothing would "
        "be released"
    ) in [note.replace(f"{ARTIFACT}-{OLD}", "app") for note in report.notes]


def test_with_it_an_archive_is_known_by_its_bytes_whatever_it_is_called(cache: Path, tmp_path: Path) -> None:
    known = MavenArchive(GROUP, ARTIFACT, "2.13.0", hashlib.sha1(UNNAMED, usedforsecurity=False).hexdigest())
    know(cache, (CANARY, known))
    report = inspect(tmp_path, image(tmp_path, {"app/renamed.jar": UNNAMED}), "prod")
    assert seen(report) == {LOG4SHELL}
    assert report.java_database is not None
    assert len(report.java_database.sha256) == 64


#   how the database came to be like this
IGNORANT: dict[str, Callable[[Path], object]] = {
    "empty": lambda _: None,
    "damaged": lambda folder: (folder / "trivy-java.db").write_bytes(b"no database"),
}


@pytest.mark.parametrize("name", IGNORANT)
def test_one_that_identifies_nothing_is_refused_where_the_gate_blocks_and_noted_elsewhere(
    name: str, cache: Path, tmp_path: Path
) -> None:
    know(cache, ())
    IGNORANT[name](cache / "java-db")
    layout = image(tmp_path, {"app/app.jar": NAMED})
    with pytest.raises(JavaDatabaseMissing, match="trivy's Java database does not identify a well-known old archive"):
        inspect(tmp_path, layout, "prod")
    report = inspect(tmp_path, layout, "dev")
    assert any("does not identify a well-known old archive" in note for note in report.notes)
    assert (seen(report), report.java_database) == ({LOG4SHELL}, None)


def test_one_that_is_too_old_is_refused_where_the_gate_blocks_and_noted_elsewhere(cache: Path, tmp_path: Path) -> None:
    know(cache, (CANARY,), made=datetime.now(UTC) - timedelta(days=31))
    layout = image(tmp_path, {"app/app.jar": NAMED})
    with pytest.raises(JavaDatabaseMissing, match="trivy's Java database is 31 days old, and 14 are allowed"):
        inspect(tmp_path, layout, "prod")
    report = inspect(tmp_path, layout, "dev")
    old = (
        "trivy's Java database is 31 days old, and 30 are allowed; in a blocking environment nothing would be released"
    )
    assert old in report.notes
    assert LOG4SHELL in seen(report)


def with_zstd(layout: Layout) -> Layout:
    """Return `layout` with its layer in a zstd frame of raw blocks, which we do not read and trivy does."""
    (one,) = layout.images()
    (layer,) = one.manifest.layers
    plain = gzip.decompress(layout.blob(layer.digest).read_bytes())
    blocks = [plain[start : start + 100_000] for start in range(0, len(plain), 100_000)]
    frame = b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(
        struct.pack("<I", (len(each) << 3) | (number == len(blocks)))[:3] + each
        for number, each in enumerate(blocks, 1)
    )
    manifest = json.loads(layout.blob(one.descriptor.digest).read_bytes())
    manifest["layers"] = [{**store(layout, frame), "mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"}]
    index = json.loads((layout.path / "index.json").read_bytes())
    index["manifests"][0] |= store(layout, json.dumps(manifest).encode())
    (layout.path / "index.json").write_text(json.dumps(index))
    return Layout(layout.path)


def store(layout: Layout, raw: bytes) -> dict[str, str | int]:
    digest = Digest.of(raw)
    (layout.path / "blobs" / "sha256" / digest.hex).write_bytes(raw)
    return {"digest": str(digest), "size": len(raw)}


#   files                       environment, and what comes of it
UNREAD: dict[str, tuple[dict[str, bytes], str, str]] = {
    "with Java where the gate blocks": ({"app/app.jar": NAMED}, "prod", "error"),
    "without Java where the gate blocks": ({"app/readme": b"x"}, "prod", ""),
    "with Java elsewhere": ({"app/app.jar": NAMED}, "dev", LOG4SHELL),
}


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize("is_there", [False, True], ids=["missing", "ignorant"])
def test_a_layer_that_only_trivy_can_read(name: str, cache: Path, tmp_path: Path, *, is_there: bool) -> None:
    files, environment, expected = UNREAD[name]
    if is_there:
        know(cache, ())
    layout = with_zstd(image(tmp_path, files))
    if expected == "error":
        with pytest.raises(JavaDatabaseMissing, match=r"^The image holds Java archives, and trivy's Java database"):
            inspect(tmp_path, layout, environment)
    else:
        report = inspect(tmp_path, layout, environment)
        assert seen(report) >= ({expected} if expected else set())
        assert any("may hold Java archives" in note for note in report.notes) is (environment == "dev")


def test_both_databases_are_fetched_at_the_same_time(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(cache, (CANARY,))
    real = trivy_database.provide

    def provide(*words: Any) -> Database:  # noqa: ANN401  as it is called
        kind = words[4] if len(words) > 4 else trivy_database.VULNERABILITIES
        events[kind].set()
        assert all(each.wait(20) for each in events.values())  # each waits until the other one has begun
        return real(*words)

    events = {trivy_database.VULNERABILITIES: Event(), trivy_database.JAVA: Event()}
    monkeypatch.setattr(trivy_database, "provide", provide)
    assert inspect(tmp_path, image(tmp_path, {"app/app.jar": NAMED}), "prod").java_database is not None
