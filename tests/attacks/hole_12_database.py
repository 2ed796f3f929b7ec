"""Hole 12: trivy finds what its database knows, and one that knows nothing makes any image look clean."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.scanners import java_index, trivy_database
from goldenpath.local.vulnerabilities import vulnerability_db
from goldenpath.shared.errors import GateBlocked, JavaDatabaseMissing, ScannerFailed, ToolFailed
from goldenpath.shared.toolchain import Toolchain
from tests.attacks import scans
from tests.attacks.attack import Patch, Scene, attack
from tests.doubles import trivy_db
from tests.tools.bypasses_images import ALPINE_PACKAGES
from tests.tools.program_files import archive

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.apps import App

NO_CANARY = Patch("goldenpath.delivery.scanners.trivy_canary.unknown", lambda *_: ())
OLD_LODASH = json.dumps({"name": "lodash", "version": "4.17.20"})


def database(scene: Scene, *, without: Callable[[str], bool], sources: tuple[str, ...] = ()) -> Path:
    """Return a real trivy database made today of our records, or of these `sources`, but those that are `without`."""
    scene.fixture("trivy_cache")  # which is made of all records, and is to be there before some are taken away
    records = scene.folder / "records"
    shutil.copytree(vulnerability_db.ADVISORIES, records)
    for path in records.glob("GHSA-*.json"):
        if without(path.read_text()):
            path.unlink()
    scene.monkeypatch.setattr(vulnerability_db, "ADVISORIES", records)
    if sources:
        scene.monkeypatch.setattr(trivy_db, "SOURCES", sources)
    return trivy_db.build_database(Toolchain.load().provide("trivy-db").path, scene.folder / "trivy")


def released(scene: Scene, made: App, cache: Path, download: Callable[..., None] | None = None) -> None:
    """Have the gate let the app's image through by the database in `cache`; no mirror answers but by `download`."""

    def nobody(*_: object) -> None:
        raise ToolFailed("trivy ended with exit status 1", why="no such host", fix="run again")

    scene.monkeypatch.setattr(trivy_database, "FIRST_PAUSE", 0.0)
    scene.monkeypatch.setattr(trivy_database, "_download", download or nobody)
    scans.run(scene, "build", made)
    scans.run(scene, "trivy-gate", made, "--ecr-repository=app", more={"GOLDENPATH_TRIVY_CACHE": str(cache)})
    scans.passed(scene, Gate.TRIVY)


@attack(12, ScannerFailed, "trivy's database knows nothing about debian 12.12, pip", NO_CANARY)
def a_database_of_one_unrelated_advisory(scene: Scene) -> None:
    cache = database(scene, without=lambda text: "CVE-2023-30861" not in text, sources=("ghsa",))
    released(scene, scans.app(scene).plant_package(), cache)


@attack(12, ScannerFailed, "trivy's database knows nothing about debian 12.12, pip", NO_CANARY)
def a_database_of_today_of_another_distribution_and_language(scene: Scene) -> None:
    cache = database(scene, without=lambda text: '"npm"' not in text, sources=("ghsa", "alpine"))
    released(scene, scans.app(scene).plant_package(), cache)


@attack(12, ScannerFailed, "trivy's database knows nothing about npm", NO_CANARY)
def a_database_that_lacks_one_language(scene: Scene) -> None:
    cache = database(scene, without=lambda text: '"npm"' in text)
    made = scans.app(scene).write("rootfs/usr/lib/node_modules/lodash/package.json", OLD_LODASH)
    made.save("Use lodash")
    released(scene, made, cache)


@attack(
    12,
    JavaDatabaseMissing,
    "trivy's Java database does not identify a well-known old archive",
    Patch("goldenpath.delivery.scanners.trivy_canary.knows_java", lambda *_: True),
)
def a_java_database_that_identifies_no_archive(scene: Scene) -> None:
    cache = database(scene, without=lambda _: False)
    shutil.rmtree(cache / "java-db")
    java_index.write(cache / "java-db", (), datetime.now(UTC))
    made = scans.app(scene).write("rootfs/app/log4j-core-2.14.1.jar", archive({"Main.class": b"\xca\xfe\xba\xbe"}))
    made.save("Log with Log4j")
    released(scene, made, cache)


@attack(12, GateBlocked, "trivy's database has nothing about alpine 3.99.0", NO_CANARY)
def an_os_of_a_release_that_is_in_no_database(scene: Scene) -> None:
    made = scans.app(scene)
    shutil.rmtree(made.folder / "rootfs")
    made.write("rootfs/etc/os-release", "ID=alpine\nVERSION_ID=3.99.0\n")
    made.write("rootfs/lib/apk/db/installed", ALPINE_PACKAGES).save("Use an Alpine to come")
    released(scene, made, database(scene, without=lambda _: False))


@attack(
    12,
    ScannerFailed,
    "which is in the future",
    Patch("goldenpath.delivery.scanners.trivy_database.from_the_future", lambda *_: False),
)
def a_database_of_the_year_2099(scene: Scene) -> None:
    cache = database(scene, without=lambda _: False)
    said = vulnerability_db.metadata(datetime(2099, 1, 1, tzinfo=UTC))
    (cache / "db" / "metadata.json").write_text(json.dumps(said))
    released(scene, scans.app(scene), cache)


@attack(
    12,
    GateBlocked,
    "CVE-2024-34069",
    Patch("goldenpath.delivery.scanners.trivy_database.KEPT_AT_MOST", timedelta(days=36_500)),
)
def a_next_update_in_2999_on_a_runner_that_keeps_its_cache(scene: Scene) -> None:
    """The cache holds a database from before a vulnerability became known, and a mirror has one from after."""
    new = Path(scene.fixture("trivy_cache"))
    cache = database(scene, without=lambda text: "CVE-2024-34069" in text)
    said = vulnerability_db.metadata(datetime.now(UTC) - timedelta(hours=40))
    (cache / "db" / "metadata.json").write_text(json.dumps(said))

    def download(_: object, into: Path, *__: object) -> None:
        for name in ("trivy.db", "metadata.json"):
            shutil.copyfile(new / "db" / name, into / "db" / name)

    path = "rootfs/usr/lib/python3/site-packages/Werkzeug-2.2.2.dist-info/METADATA"
    made = scans.app(scene).write(path, "Metadata-Version: 2.1\nName: Werkzeug\nVersion: 2.2.2\n")
    made.save("Use Werkzeug")
    released(scene, made, cache, download)
