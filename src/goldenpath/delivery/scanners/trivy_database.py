"""trivy's two databases: fetched from the first mirror that responds, kept in the cache, their age known.

One lists vulnerabilities, and every scan needs it. The other identifies Java archives that do not say what they are;
trivy opens it as soon as an image holds a Java archive. Source: aquasecurity/trivy, `pkg/javadb/client.go`.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Database
from goldenpath.delivery.scanners import scanner
from goldenpath.shared import codec, process
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.shared.toolchain import Program

ROUNDS = 3
FIRST_PAUSE = 2.0
DOWNLOAD_TIMEOUT = 180.0
# The Java database is ten times as large.
JAVA_DOWNLOAD_TIMEOUT = 360.0
# A new one is made every six hours, and says that it is good for a day. After this another is asked for in any case.
KEPT_AT_MOST = timedelta(hours=36)
# The Java database is made once a day, and says that it is good for three.
JAVA_KEPT_AT_MOST = timedelta(days=4)
# How far the clocks of two machines may differ.
SKEW = timedelta(hours=1)
# Where the database of the cache came from, for the verdict: trivy itself does not keep it.
SOURCE_FILE = "goldenpath-source"


@dataclass(frozen=True)
class DatabaseKind:
    """One of trivy's databases: its `name` in messages, its files in trivy's cache, and how trivy fetches it."""

    name: str
    folder: str
    file: str
    source_file: str
    download_option: str
    repository_option: str

    @property
    def kept_at_most(self) -> timedelta:
        """The age at which a newer one is requested, whatever the database says."""
        return JAVA_KEPT_AT_MOST if self is JAVA else KEPT_AT_MOST

    @property
    def timeout(self) -> float:
        """How long one download may take, in seconds."""
        return JAVA_DOWNLOAD_TIMEOUT if self is JAVA else DOWNLOAD_TIMEOUT


VULNERABILITIES = DatabaseKind("database", "db", "trivy.db", SOURCE_FILE, "--download-db-only", "--db-repository")
JAVA = DatabaseKind(
    "Java database", "java-db", "trivy-java.db", "goldenpath-java-source",
    "--download-java-db-only", "--java-db-repository",
)  # fmt: skip


class _DatabaseMetadata(Struct, frozen=True, rename="pascal"):
    """Source: aquasecurity/trivy-db, `pkg/metadata`."""

    updated_at: datetime
    next_update: datetime


def provide(
    program: Program,
    cache: Path,
    repositories: Sequence[str],
    say: Callable[[str], None],
    kind: DatabaseKind = VULNERABILITIES,
) -> Database:
    """Return the database in `cache`, fetched from the first of `repositories` that responds when a newer one is due.

    When none responds, the one in the cache is returned, and the caller judges its age. A database that claims to be
    made in the future, or to be good for years, is due. Raises `ScannerFailed` when there is none at all.
    """
    kept = read(cache, kind)
    if kept is not None and not is_due(kept, _next_update(cache / kind.folder), datetime.now(UTC), kind):
        return kept
    try:
        with _unpromised(cache / kind.folder):
            _fetch(program, cache, repositories, say, kind)
    except GoldenPathError as error:
        if kept is None:
            why = f"Its {kind.name} could not be fetched: {error.why or error.what}"
            raise scanner.failed("trivy", why) from error
        say(f"trivy's {kind.name} could not be renewed; the one in the cache is used")
        return kept
    fetched = read(cache, kind)
    if fetched is None:
        raise scanner.failed("trivy", f"Its {kind.name} was fetched, but cannot be read")
    return fetched


def is_due(database: Database, next_update: datetime, now: datetime, kind: DatabaseKind = VULNERABILITIES) -> bool:
    """Tell whether a newer database than this one is due at `now`, whatever far day it gives itself."""
    return from_the_future(database, now) or now >= min(next_update, database.updated + kind.kept_at_most)


def from_the_future(database: Database, now: datetime) -> bool:
    """Tell whether `database` says that it was made later than any clock can be."""
    return database.updated > now + SKEW


def identified(cache: Path, database: Database, kind: DatabaseKind = VULNERABILITIES) -> Database:
    """Return `database` with the SHA-256 of its file in `cache`. Raises `ScannerFailed` when it cannot be read."""
    try:
        with (cache / kind.folder / kind.file).open("rb") as file:
            return replace(database, sha256=hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise scanner.failed("trivy", f"Its {kind.name} cannot be read: {error}") from None


@contextmanager
def _unpromised(folder: Path) -> Iterator[None]:
    """Set the metadata of the database in `folder` aside: trivy fetches no other before the day that it names."""
    said, aside = folder / "metadata.json", folder / "metadata.json.before"
    with suppress(FileNotFoundError):
        said.replace(aside)
    try:
        yield
    finally:
        if aside.exists() and not said.exists():
            aside.replace(said)
        aside.unlink(missing_ok=True)


def read(cache: Path, kind: DatabaseKind = VULNERABILITIES) -> Database | None:
    """Return the database in `cache`; `None` when there is none, or none that can be read."""
    folder, source = cache / kind.folder, cache / kind.source_file
    try:
        metadata = _metadata(folder)
        if not (folder / kind.file).is_file():
            return None
        named = source.read_text(encoding="utf-8") if source.is_file() else ""
    except (OSError, ValueError):
        return None
    return Database(_aware(metadata.updated_at), named)


def _fetch(
    program: Program, cache: Path, repositories: Sequence[str], say: Callable[[str], None], kind: DatabaseKind
) -> None:
    """Ask every repository in turn, and all of them again after a pause; raise the error of the last one."""
    for number in range(1, ROUNDS + 1):
        for repository in repositories:
            say(f"fetching trivy's {kind.name} from {repository}" + (f", attempt {number}" if number > 1 else ""))
            try:
                _download(program, cache, repository, kind)
            except GoldenPathError:
                if number == ROUNDS and repository == repositories[-1]:
                    raise
            else:
                codec.write_bytes(cache / kind.source_file, repository.encode())
                return
        time.sleep(FIRST_PAUSE * number)


def _download(program: Program, cache: Path, repository: str, kind: DatabaseKind) -> None:
    with tempfile.TemporaryDirectory(prefix="goldenpath-trivy-") as folder:
        process.run(
            program.path, "image", kind.download_option, f"{kind.repository_option}={repository}", "--cache-dir", cache,
            "--disable-telemetry", "--skip-version-check", "--no-progress", "--quiet",
            timeout=kind.timeout, cwd=Path(folder),
        )  # fmt: skip


def _next_update(folder: Path) -> datetime:
    return _aware(_metadata(folder).next_update)


def _metadata(folder: Path) -> _DatabaseMetadata:
    return codec.decode((folder / "metadata.json").read_bytes(), _DatabaseMetadata)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
