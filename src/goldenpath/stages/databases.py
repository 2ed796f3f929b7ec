"""trivy's databases for one scan: the one of vulnerabilities, and the Java one where the image holds Java archives."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath import runner
from goldenpath.errors import JavaDatabaseMissing, ScannerFailed
from goldenpath.model.finding import Gate
from goldenpath.model.verdict import Mode
from goldenpath.stages import gate
from goldenpath.tools import image_files, java_index, trivy_canary, trivy_database
from goldenpath.tools.alongside import alongside
from goldenpath.tools.trivy_database import JAVA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.model.finding import Database
    from goldenpath.model.layout import Layout
    from goldenpath.policy.matrix import Environment
    from goldenpath.stages.base import Run
    from goldenpath.tools.image_files import LayerSearch
    from goldenpath.tools.toolchain import Program

BLOCKED_ELSEWHERE = "in a blocking environment nothing would be released"
NOT_IDENTIFIED = "archives that do not name their Maven package themselves (pom.properties) are not identified"
# How trivy says that it needs its Java database and has none.
_NEEDED = "Java DB"


@dataclass(frozen=True)
class Databases:
    """The databases in the folder `cache`, what was found in the image's layers, and notes for the verdict.

    `java` is `None` where the image needs no Java database, and where none could be obtained.
    """

    cache: Path
    vulnerabilities: Database
    searches: tuple[LayerSearch, ...]
    java: Database | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def provided(run: Run, program: Program, layout: Layout) -> Iterator[Databases]:
    """Give the databases that a scan of `layout` needs.

    Both are downloaded at the same time, and the Java one only where a layer holds a Java archive. Raises
    `ScannerFailed` when the database of vulnerabilities cannot be used in this environment, and `JavaDatabaseMissing`
    when the Java one cannot.
    """
    cache, environment = runner.trivy_cache_dir(), gate.environment(run)
    with alongside() as second:
        fetched = second.start(trivy_database.provide, program, cache, run.policy.databases, run.say)
        searches = tuple(image_files.search(layout, image) for image in layout.images())
        java, why = _fetched(run, program, cache, searches)
        database = fetched.result()
    notes = tuple(require_fresh(database, environment, datetime.now(UTC)))
    found = Databases(cache, trivy_database.identified(cache, database), searches, notes=notes)
    if java is not None:
        yield _with_java(found, java, program, environment)
    elif why:
        with _without_java(found, why, environment) as usable:
            yield usable
    else:
        yield found


def _fetched(run: Run, program: Program, cache: Path, searches: Sequence[LayerSearch]) -> tuple[Database | None, str]:
    """Return the Java database, or why there is none; neither where no layer can hold a Java archive."""
    if not any(each.java_archive or each.unread for each in searches):
        return None, ""
    try:
        return trivy_database.provide(program, cache, run.policy.java_databases, run.say, JAVA), ""
    except ScannerFailed as error:
        return None, f"{error.why[:1].upper()}{error.why[1:]}"


def _with_java(found: Databases, java: Database, program: Program, environment: Environment) -> Databases:
    notes = [*require_fresh(java, environment, datetime.now(UTC), JAVA)]
    if not trivy_canary.knows_java(program, found.cache):
        what = "trivy's Java database does not know a well-known old archive"
        _refuse(environment, what, "an archive of log4j-core 2.14.1 was shown to trivy, and it was not identified")
        notes.append(f"{what}: {NOT_IDENTIFIED}; {BLOCKED_ELSEWHERE}")
    identified = trivy_database.identified(found.cache, java, JAVA)
    return Databases(found.cache, found.vulnerabilities, found.searches, identified, (*found.notes, *notes))


@contextmanager
def _without_java(found: Databases, why: str, environment: Environment) -> Iterator[Databases]:
    """Give `found` where no Java database can be obtained: what archives say of themselves is still judged."""
    archive = next((each.java_archive for each in found.searches if each.java_archive), "")
    if archive:
        _refuse(environment, f"The image holds Java archives ({archive}), and trivy's Java database is missing", why)
    if environment.modes[Gate.TRIVY] is Mode.BLOCKING:
        with _needless(why):
            yield found
        return
    held = f"the image holds Java archives ({archive})" if archive else "a layer that cannot be read may hold archives"
    note = f"{held}, and trivy's Java database is missing: {NOT_IDENTIFIED}; {BLOCKED_ELSEWHERE}"
    with tempfile.TemporaryDirectory(prefix="goldenpath-trivy-") as folder:
        (Path(folder) / "db").symlink_to(found.cache / "db", target_is_directory=True)
        java_index.write(Path(folder) / JAVA.folder, (), datetime.now(UTC))
        yield Databases(Path(folder), found.vulnerabilities, found.searches, notes=(*found.notes, note))


@contextmanager
def _needless(why: str) -> Iterator[None]:
    """Let trivy tell whether a layer that only it can read holds a Java archive: then it fails without the database."""
    try:
        yield
    except ScannerFailed as error:
        if _NEEDED not in error.why:
            raise
        raise _missing("The image holds Java archives, and trivy's Java database is missing", why) from error


def require_fresh(
    database: Database,
    environment: Environment,
    now: datetime,
    kind: trivy_database.DatabaseKind = trivy_database.VULNERABILITIES,
) -> Iterator[str]:
    """Say that `database` is too old for `environment`, or of the future.

    Where its gate blocks, raises `ScannerFailed`, or `JavaDatabaseMissing` for the Java database.
    """
    if trivy_database.from_the_future(database, now):
        yield from _of_the_future(database, environment, now, kind)
        return
    age, limit = now - database.updated, environment.java_database_age if kind is JAVA else environment.database_age
    if age <= limit:
        return
    old = f"trivy's {kind.name} is {age.days} days old, and {limit.days} are allowed"
    why = f"it was made at {database.updated:%Y-%m-%d %H:%M} UTC, and none of the mirrors gave a newer one"
    if kind is JAVA:
        _refuse(environment, old, why)
    elif environment.modes[Gate.TRIVY] is Mode.BLOCKING:
        raise ScannerFailed(
            f"{old}; vulnerabilities that became known since would be missed, so nothing is released",
            why=why,
            fix="run again when a mirror answers, or name one that does under trivy.databases in the platform's policy",
        )
    yield f"{old}; {BLOCKED_ELSEWHERE}"


def _of_the_future(
    database: Database, environment: Environment, now: datetime, kind: trivy_database.DatabaseKind
) -> Iterator[str]:
    made = f"{database.updated:%Y-%m-%d %H:%M} UTC"
    ahead = f"trivy's {kind.name} says that it was made at {made}, which is in the future"
    if environment.modes[Gate.TRIVY] is Mode.BLOCKING:
        error = JavaDatabaseMissing if kind is JAVA else ScannerFailed
        raise error(
            f"{ahead}; how old it really is cannot be known, so nothing is released",
            why=f"it is {now:%Y-%m-%d %H:%M} UTC here, and none of the mirrors gave another",
            fix="set this machine's clock if it is wrong; if not, remove the database from trivy's cache and run again",
        )
    yield f"{ahead}; {BLOCKED_ELSEWHERE}"


def _refuse(environment: Environment, what: str, why: str) -> None:
    if environment.modes[Gate.TRIVY] is Mode.BLOCKING:
        raise _missing(what, why)


def _missing(what: str, why: str) -> JavaDatabaseMissing:
    return JavaDatabaseMissing(
        f"{what}. Vulnerabilities in Java archives would be missed, so nothing was released",
        why=why,
        fix="Run again when a mirror responds, or name a mirror that does under trivy.java_databases in the platform's "
        "policy",
    )
