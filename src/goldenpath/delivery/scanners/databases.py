"""Provide trivy's databases for one scan: that of vulnerabilities, and for an image with Java archives the Java one."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Database, Gate
from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.scanners import java_index, layer_search_cache, result_cache, trivy_canary, trivy_database
from goldenpath.delivery.scanners.trivy_database import JAVA
from goldenpath.shared import runner
from goldenpath.shared.errors import JavaDatabaseMissing, ScannerFailed
from goldenpath.shared.parallel import alongside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from goldenpath.delivery.image.image_files import LayerSearch
    from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.toolchain import Program

BLOCKED_ELSEWHERE = "in a blocking environment nothing would be released"
NOT_IDENTIFIED = "archives that do not name their Maven package themselves (pom.properties) are not identified"
PATH_LENGTH = 200
MOMENT = "%Y-%m-%d %H:%M UTC"
# These words are in trivy's error when it needs its Java database and has none.
_NEEDED = "Java DB"


@dataclass(frozen=True)
class Databases:
    """The databases in the folder `cache`, the searches of the image's layers, and notes for the verdict.

    `java` is `None` where the image needs no Java database, and where no usable one could be obtained.
    """

    cache: Path
    vulnerabilities: Database
    searches: tuple[LayerSearch, ...]
    java: Database | None = None
    notes: tuple[str, ...] = ()

    @property
    def java_archive(self) -> str:
        """The path of a Java archive in the image; empty when no layer that we can read holds one."""
        return next((search.java_archive for search in self.searches if search.java_archive), "")[:PATH_LENGTH]


@dataclass(frozen=True)
class Unusable:
    """Why there is no Java database to use: `what` completes "trivy's Java database"."""

    what: str
    why: str


@contextmanager
def provided(
    run: Run, environment: Environment, program: Program, layout: Layout, layers: UnpackedLayers
) -> Iterator[Databases]:
    """Give the databases that a scan of `layout` needs.

    Both are downloaded at the same time, and the Java one only where a layer holds a Java archive. Raises
    `ScannerFailed` when the database of vulnerabilities cannot be used in this environment, and `JavaDatabaseMissing`
    when the Java one cannot.
    """
    cache = runner.trivy_cache_dir()
    with alongside() as second:
        download = second.start(trivy_database.provide, program, cache, run.policy.databases, run.say)
        kept = result_cache.here()
        searches = tuple(layer_search_cache.search(layout, image, layers, kept) for image in layout.images())
        java = _java_database(run, program, cache, searches)
        database = download.result()
    now = datetime.now(UTC)
    notes = [*require_fresh(database, environment, now)]
    if isinstance(java, Database):
        if stale := _staleness(java, environment.java_database_age, now):
            notes.append(f"trivy's Java database {stale}; {BLOCKED_ELSEWHERE}")
        java = _checked(java, stale if _blocks(environment) else "", program, cache)
    databases = Databases(cache, trivy_database.identified(cache, database), searches, notes=tuple(notes))
    if isinstance(java, Unusable):
        with _without_java(databases, java, environment) as databases:
            yield databases
    else:
        yield replace(databases, java=java)


def _java_database(
    run: Run, program: Program, cache: Path, searches: Sequence[LayerSearch]
) -> Database | Unusable | None:
    """Return the Java database, or why there is none; `None` where no layer can hold a Java archive."""
    if not any(search.java_archive or search.unread for search in searches):
        return None
    try:
        return trivy_database.provide(program, cache, run.policy.java_databases, run.say, JAVA)
    except ScannerFailed as error:
        return Unusable("is missing", error.why)


def _checked(java: Database, stale: str, program: Program, cache: Path) -> Database | Unusable:
    """Return `java` with the hash of its file, or why it cannot be used: it is `stale`, or fails our old archive."""
    if stale:
        return Unusable(stale, f"It was made at {java.updated:{MOMENT}}, and none of the mirrors gave a better one")
    why = "An archive of log4j-core 2.14.1 was shown to trivy, and it was not identified"
    try:
        if trivy_canary.knows_java(program, cache):
            return trivy_database.identified(cache, java, JAVA)
    except ScannerFailed as error:
        why = f"trivy failed on an archive of log4j-core 2.14.1: {error.why}"
    return Unusable("does not identify a well-known old archive", why)


@contextmanager
def _without_java(databases: Databases, java: Unusable, environment: Environment) -> Iterator[Databases]:
    """Give `databases` without a Java database.

    An advisory gate gets an empty one, so that archives that name their package themselves are still judged. A blocking
    gate gets none: trivy then fails if a layer that only it can read holds a Java archive.
    """
    archive = databases.java_archive
    known = f"The image holds Java archives{f' ({archive})' if archive else ''}, and trivy's Java database {java.what}"
    is_blocking = _blocks(environment)
    if is_blocking and archive:
        raise _missing(known, java.why)
    suspected = f"A layer that cannot be read here may hold Java archives, and trivy's Java database {java.what}"
    note = f"{known if archive else suspected}: {NOT_IDENTIFIED}; {BLOCKED_ELSEWHERE}"
    with tempfile.TemporaryDirectory(prefix="goldenpath-trivy-") as folder:
        cache = Path(folder)
        (cache / "db").symlink_to(databases.cache / "db", target_is_directory=True)
        if not is_blocking:
            java_index.write(cache / JAVA.folder, (), datetime.now(UTC))
        try:
            yield replace(databases, cache=cache, notes=databases.notes if is_blocking else (*databases.notes, note))
        except ScannerFailed as error:
            if _NEEDED in error.why:
                raise _missing(known, java.why) from error
            raise


def require_fresh(database: Database, environment: Environment, now: datetime) -> Iterator[str]:
    """Say that `database` is too old for `environment`, or of the future; raise `ScannerFailed` if its gate blocks."""
    stale = _staleness(database, environment.database_age, now)
    if not stale:
        return
    if _blocks(environment):
        raise _stale(f"trivy's database {stale}", database, now)
    yield f"trivy's database {stale}; {BLOCKED_ELSEWHERE}"


def _staleness(database: Database, limit: timedelta, now: datetime) -> str:
    """Return the fault in the age of `database`, which completes "trivy's database …"; empty when there is none."""
    if trivy_database.from_the_future(database, now):
        return f"says that it was made at {database.updated:{MOMENT}}, which is in the future"
    age = now - database.updated
    days = "1 day" if age.days == 1 else f"{age.days} days"
    return f"is {days} old, and {limit.days} {'is' if limit.days == 1 else 'are'} allowed" if age > limit else ""


def _stale(what: str, database: Database, now: datetime) -> ScannerFailed:
    if trivy_database.from_the_future(database, now):
        return ScannerFailed(
            f"{what}; how old it really is cannot be known, so nothing is released",
            why=f"It is {now:{MOMENT}} here, and none of the mirrors gave another",
            fix="Set this machine's clock if it is wrong; if not, remove the database from trivy's cache and run again",
        )
    return ScannerFailed(
        f"{what}; vulnerabilities that became known since would be missed, so nothing is released",
        why=f"It was made at {database.updated:{MOMENT}}, and none of the mirrors gave a newer one",
        fix="Run again when a mirror responds, or name one that does under trivy.databases in the platform's policy",
    )


def _blocks(environment: Environment) -> bool:
    return environment.modes[Gate.TRIVY] is Mode.BLOCKING


def _missing(what: str, why: str) -> JavaDatabaseMissing:
    return JavaDatabaseMissing(
        f"{what}: vulnerabilities in Java archives would be missed, so nothing was released",
        why=why,
        fix="Run again when a mirror responds, or name another mirror under trivy.java_databases in the platform's "
        "policy; where the cache is kept, remove the folder java-db from trivy's cache first",
    )
