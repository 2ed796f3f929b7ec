"""Write a Java database for trivy: which Maven package an archive is, by its hash or by its name and version.

Source of the format: aquasecurity/trivy-java-db, `pkg/db/db.go` (an SQLite file) and `pkg/db/metadata.go`.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCHEMA_VERSION = 1
# trivy requests no newer one before this day.
NEVER = "2999-01-01T00:00:00Z"
_TABLES = """
CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);
CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT,
                     FOREIGN KEY (artifact_id) REFERENCES artifacts(id));
CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id);
CREATE INDEX indices_artifact_idx ON indices(artifact_id);
CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1);
"""


@dataclass(frozen=True, order=True)
class MavenArchive:
    """A version of a Maven package; `sha1` is the hash of its archive, in hexadecimal, or empty if it is not known."""

    group: str
    artifact: str
    version: str
    sha1: str = ""


def write(folder: Path, archives: Iterable[MavenArchive], made: datetime) -> None:
    """Write a database that knows `archives` into the new `folder`; trivy never replaces it by itself."""
    folder.mkdir(parents=True)
    known = sorted(set(archives))
    names = dict.fromkeys((archive.group, archive.artifact) for archive in known)
    packages = {name: number for number, name in enumerate(names)}
    rows = [
        (
            packages[archive.group, archive.artifact],
            archive.version,
            bytes.fromhex(archive.sha1) if archive.sha1 else None,
            "jar",
        )
        for archive in known
    ]
    with closing(sqlite3.connect(folder / "trivy-java.db")) as database, database:
        database.executescript(_TABLES)
        database.executemany(
            "INSERT INTO artifacts VALUES (?, ?, ?)", [(number, *package) for package, number in packages.items()]
        )
        database.executemany("INSERT INTO indices VALUES (?, ?, ?, ?)", rows)
    moment = f"{made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    metadata = {"Version": SCHEMA_VERSION, "NextUpdate": NEVER, "UpdatedAt": moment, "DownloadedAt": moment}
    codec.write_bytes(folder / "metadata.json", json.dumps(metadata).encode())
