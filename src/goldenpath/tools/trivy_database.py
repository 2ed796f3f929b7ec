"""trivy's vulnerability database: from the first of several mirrors that answers, kept in the cache, its age known."""

from __future__ import annotations

import hashlib
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from goldenpath.errors import GoldenPathError
from goldenpath.model import codec
from goldenpath.model.finding import Database
from goldenpath.tools import process, scanner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.tools.toolchain import Program

ROUNDS = 3
FIRST_PAUSE = 2.0
DOWNLOAD_TIMEOUT = 180.0
# A new one is made every six hours, and says that it is good for a day. After this another is asked for in any case.
KEPT_AT_MOST = timedelta(hours=36)
# How far the clocks of two machines may differ.
SKEW = timedelta(hours=1)
# Where the database of the cache came from, for the verdict: trivy itself does not keep it.
SOURCE_FILE = "goldenpath-source"


class _Metadata(Struct, frozen=True, rename="pascal"):
    """Source: aquasecurity/trivy-db, `pkg/metadata`."""

    updated_at: datetime
    next_update: datetime


def provide(program: Program, cache: Path, repositories: Sequence[str], say: Callable[[str], None]) -> Database:
    """Return the database in `cache`, fetched from the first of `repositories` that answers when a newer one is due.

    When none answers, the one that is there is returned, and its age is for the caller to judge. A database that claims
    to be made in the future, or to be good for years, is due. Raises `ScannerFailed` when there is none at all.
    """
    found = read(cache)
    if found is not None and not is_due(found, _next_update(cache), datetime.now(UTC)):
        return found
    try:
        with _unpromised(cache):
            _fetch(program, cache, repositories, say)
    except GoldenPathError as error:
        if found is None:
            raise scanner.failed("trivy", f"its database could not be fetched: {error.why or error.what}") from error
        say("trivy's database could not be renewed; the one in the cache is used")
        return found
    fetched = read(cache)
    if fetched is None:
        raise scanner.failed("trivy", "its database was fetched, but cannot be read")
    return fetched


def is_due(found: Database, next_update: datetime, now: datetime) -> bool:
    """Tell whether a newer database than `found` is to be asked for `now`, whatever far day it gives itself."""
    return from_the_future(found, now) or now >= min(next_update, found.updated + KEPT_AT_MOST)


def from_the_future(found: Database, now: datetime) -> bool:
    """Tell whether `found` says that it was made later than any clock can be."""
    return found.updated > now + SKEW


def identified(cache: Path, found: Database) -> Database:
    """Return `found` with the SHA-256 of its file in `cache`. Raises `ScannerFailed` when it cannot be read."""
    try:
        with (cache / "db" / "trivy.db").open("rb") as file:
            return replace(found, sha256=hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise scanner.failed("trivy", f"its database cannot be read: {error}") from None


@contextmanager
def _unpromised(cache: Path) -> Iterator[None]:
    """Set aside what the database in `cache` says of itself: trivy fetches no other before the day that it names."""
    said, aside = cache / "db" / "metadata.json", cache / "db" / "metadata.json.before"
    with suppress(FileNotFoundError):
        said.replace(aside)
    try:
        yield
    finally:
        if aside.exists() and not said.exists():
            aside.replace(said)
        aside.unlink(missing_ok=True)


def read(cache: Path) -> Database | None:
    """Return the database in `cache`; `None` when there is none, or none that can be read."""
    folder = cache / "db"
    try:
        metadata = _metadata(folder)
        if not (folder / "trivy.db").is_file():
            return None
        named = (cache / SOURCE_FILE).read_text(encoding="utf-8") if (cache / SOURCE_FILE).is_file() else ""
    except (OSError, ValueError):
        return None
    return Database(_aware(metadata.updated_at), named)


def _fetch(program: Program, cache: Path, repositories: Sequence[str], say: Callable[[str], None]) -> None:
    """Ask every repository in turn, and all of them again after a pause; raise what the last one answered."""
    for number in range(1, ROUNDS + 1):
        for repository in repositories:
            say(f"fetching trivy's database from {repository}" + (f", attempt {number}" if number > 1 else ""))
            try:
                _download(program, cache, repository)
            except GoldenPathError:
                if number == ROUNDS and repository == repositories[-1]:
                    raise
            else:
                codec.write_bytes(cache / SOURCE_FILE, repository.encode())
                return
        time.sleep(FIRST_PAUSE * number)


def _download(program: Program, cache: Path, repository: str) -> None:
    with tempfile.TemporaryDirectory(prefix="goldenpath-trivy-") as folder:
        process.run(
            program.path, "image", "--download-db-only", f"--db-repository={repository}", "--cache-dir", cache,
            "--disable-telemetry", "--skip-version-check", "--no-progress", "--quiet",
            timeout=DOWNLOAD_TIMEOUT, cwd=Path(folder),
        )  # fmt: skip


def _next_update(cache: Path) -> datetime:
    return _aware(_metadata(cache / "db").next_update)


def _metadata(folder: Path) -> _Metadata:
    return codec.decode((folder / "metadata.json").read_bytes(), _Metadata)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
