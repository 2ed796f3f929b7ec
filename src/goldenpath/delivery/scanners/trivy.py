"""trivy: known vulnerabilities, and secrets, in an image. One scan to JSON; everything else is derived from it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import Struct, field

from goldenpath.delivery.image import os_release
from goldenpath.delivery.model.finding import Finding, FixStatus, Gate, Kind, Location, Package, Severity
from goldenpath.delivery.scanners import scanner
from goldenpath.delivery.scanners.scanner import TITLE_LENGTH, ImageScan, Inventory
from goldenpath.shared import codec, process
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from goldenpath.delivery.scanners.trivy_cache import LayerAnalysis
    from goldenpath.shared.toolchain import Program

SCHEMA_VERSION = 2
_OS_PACKAGES, _LANGUAGE_PACKAGES = "os-pkgs", "lang-pkgs"
DETAIL_LENGTH = 1000
# By itself trivy leaves out what is called a picture, an archive or a lock file. `.git` is looked for in the layers.
SECRET_RULES = b"skip-patterns: ['**/.git/**', '**/node_modules/**']\n"
# Where trivy's own rules do not look for secrets (aquasecurity/trivy, `fanal/secret`, `fanal/analyzer/secret`).
NOT_SEARCHED = (
    "node_modules, usr/share, usr/lib, usr/include, usr/local/lib/python*, usr/local/go, usr/src/wordpress, "
    "*.dist-info, vendor, locale, tests, examples and *.md, nor in programs, pictures and archives"
)
# It makes much garbage and keeps little: an eighth less of processor time for a quarter more of memory.
_ENVIRONMENT = {"GOGC": "400"}
# trivy warns with these lines of an OS that it does not know. It still ends well, and its report says nothing of it.
_NOT_LISTED = re.compile(r"\S+\tWARN\tThis OS version is not on the EOL list\t")
_NO_PACKAGE = re.compile(r"\S+\tWARN\tNo OS package is detected\.")
_OF_NO_KNOWN_OS = re.compile(r"\S+\tWARN\tUnsupported os\t")
_REVOKE = (
    "Revoke this secret first, then keep it out of the image: .dockerignore for a file, a build secret for a RUN step."
)


class _Layer(Struct, frozen=True):
    DiffID: str = ""


class _Vulnerability(Struct, frozen=True):
    VulnerabilityID: str
    PkgName: str
    Severity: str
    InstalledVersion: str = ""
    FixedVersion: str = ""
    Status: str = ""
    PkgPath: str = ""
    Title: str = ""
    Description: str = ""
    PrimaryURL: str = ""
    PublishedDate: str = ""
    Layer: _Layer | None = None


class _Secret(Struct, frozen=True):
    """The fields `Match` and `Code` show what surrounds the secret: they are never read."""

    RuleID: str
    Severity: str
    Title: str = ""
    StartLine: int = 0
    Layer: _Layer | None = None


class _Package(Struct, frozen=True):
    Name: str = ""
    Version: str = ""


class _Result(Struct, frozen=True):
    Target: str
    Class: str = ""
    Type: str = ""
    Packages: list[_Package] | None = None
    Vulnerabilities: list[_Vulnerability] | None = None
    Secrets: list[_Secret] | None = None


class _System(Struct, frozen=True):
    Family: str = ""
    Name: str = ""
    EOSL: bool = False

    @property
    def words(self) -> str:
        # trivy's word for packages of an OS that nothing names.
        return f"{self.Family} {self.Name}".strip() if self.Family != "none" else ""


class _Metadata(Struct, frozen=True):
    ImageID: Digest
    OS: _System | None = None


class _Report(Struct, frozen=True):
    SchemaVersion: int
    Metadata: _Metadata
    ArtifactName: str = ""
    Results: list[_Result] | None = field(default=None)


_SEVERITIES = frozenset(Severity)
_STATUSES = frozenset(FixStatus)


def scan(
    program: Program, layout: Path, cache: Path, *, secrets: bool = True, analysis: LayerAnalysis | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """Scan the one image in the OCI image layout `layout`; the database is in `cache`, or in that of `analysis`.

    Returns trivy's JSON report and the lines that it logged: only there it warns of an OS that it does not know.

    With `secrets` its files and its configuration are searched for secrets too.

    trivy runs in an empty folder: neither `trivy.yaml`, `.trivyignore` nor `TRIVY_*` of the caller reach it.
    Raises `ScannerFailed` when trivy does not end well or leaves no report.
    """
    with scanner.empty_folder("trivy") as folder:
        # trivy passes over a file of the image that is called what these rules are called: nobody can know that name.
        report, rules = folder / "report.json", folder / f"{analysis.rules if analysis else uuid4().hex}.yaml"
        rules.write_bytes(SECRET_RULES)
        for_secrets = ("--scanners", "vuln,secret", "--image-config-scanners", "secret", "--secret-config", rules)
        looked_for = for_secrets if secrets else ("--scanners", "vuln")
        done = process.run(
            program.path, "image", "--input", layout, *looked_for, "--list-all-pkgs",
            "--format", "json", "--output", report, "--cache-dir", analysis.cache if analysis else cache,
            "--timeout", f"{scanner.TIMEOUT:.0f}s",
            "--skip-db-update", "--skip-java-db-update", "--offline-scan", "--disable-telemetry",
            "--skip-version-check", "--no-progress",
            # A cache in a folder is locked for the whole scan, and another scan gives up after five seconds.
            "--cache-backend", "fs" if analysis else "memory",
            timeout=scanner.TIMEOUT, cwd=folder, environment=_ENVIRONMENT,
        )  # fmt: skip
        return report.read_bytes(), tuple(done.stderr.decode("utf-8", "replace").splitlines())


def parse(report: bytes, said: Sequence[str] = ()) -> ImageScan:
    """Return the scan that trivy's JSON report, and the lines that it `said` beside it, describe.

    Raises `ScannerFailed` when the report is not one, or of another schema.
    """
    try:
        read = codec.decode(report, _Report)
    except ValueError as error:
        raise scanner.failed("trivy", f"Its report cannot be read: {error}") from None
    if read.SchemaVersion != SCHEMA_VERSION:
        raise scanner.failed(
            "trivy", f"Its report has schema version {read.SchemaVersion}, and {SCHEMA_VERSION} was expected"
        )
    results = read.Results or []
    system = read.Metadata.OS or _System()
    name = read.ArtifactName
    located = [
        *(
            (_vulnerability(result, _place(result, name), vulnerability), vulnerability.Layer)
            for result in results
            for vulnerability in result.Vulnerabilities or []
        ),
        *(
            (_secret(_place(result, name), secret), secret.Layer)
            for result in results
            for secret in result.Secrets or []
        ),
    ]
    return ImageScan(
        config=read.Metadata.ImageID,
        system=system.words,
        packages=sum(len(result.Packages or []) for result in results),
        findings=tuple(finding for finding, _ in located),
        unsupported=_unsupported(system, said),
        contradiction=os_release.contradiction(system.Family, system.Name, _os_packages(results)),
        notes=tuple(_notes(system, said)),
        inventory=_inventory(results, system, said),
        is_young=_is_young(system, said),
        layers=tuple(layer.DiffID if layer else "" for _, layer in located),
    )


def _inventory(results: Sequence[_Result], system: _System, said: Sequence[str]) -> Inventory:
    filled = [result for result in results if result.Packages]
    types = frozenset(result.Type for result in filled if result.Class == _LANGUAGE_PACKAGES)
    # Where the OS is a finding already, nobody expects its packages to be known.
    if _unsupported(system, said) or not any(result.Class == _OS_PACKAGES for result in filled):
        return Inventory(types)
    return Inventory(types, system.Family, system.Name)


def _os_packages(results: Sequence[_Result]) -> dict[str, str]:
    packages = (package for result in results if result.Class == _OS_PACKAGES for package in result.Packages or [])
    return {package.Name: package.Version for package in packages}


def _unsupported(system: _System, said: Sequence[str]) -> str:
    missed = "vulnerabilities in its OS packages are missed"
    if system.EOSL:
        return f"{system.words} is no longer supported by its distribution: {missed}"
    if any(map(_OF_NO_KNOWN_OS.match, said)):
        known = f"trivy knows no vulnerabilities of {system.words}" if system.words else "Nothing names the image's OS"
        return f"{known}: none of its OS packages was looked at"
    if any(map(_NOT_LISTED.match, said)) and not _is_numbered(system):
        return f"{system.words} is no release that trivy knows: {missed}"
    return ""


def _notes(system: _System, said: Sequence[str]) -> Iterator[str]:
    if _is_young(system, said):
        until = f"trivy does not know until when {system.words} is supported"
        yield f"{until}: where its database has nothing of so new a release, vulnerabilities in OS packages are missed"
    if any(map(_NO_PACKAGE.match, said)):
        unseen = f"the image's OS is {system.words}, and no package of it was seen"
        yield f"{unseen}: whether their database was taken out is unknown"


def _is_young(system: _System, said: Sequence[str]) -> bool:
    return any(map(_NOT_LISTED.match, said)) and _is_numbered(system)


def _is_numbered(system: _System) -> bool:
    # A release younger than this trivy is not on its list, and may well be in its database.
    return system.Name[:1].isdigit()


def _place(result: _Result, artifact: str) -> str:
    """Return where in the image `result` is: its target, without the folder in which the image lay for the scan."""
    if artifact and result.Target.startswith(artifact):
        return result.Target.removeprefix(artifact).strip(" ()") or "image"
    return result.Target.lstrip("/") or "image"


def _vulnerability(result: _Result, place: str, vulnerability: _Vulnerability) -> Finding:
    # Of a Go program only the target is its path; of OS packages it is the OS's version, which changes by itself.
    path = vulnerability.PkgPath or (place if result.Class != _OS_PACKAGES else "")
    return Finding(
        gate=Gate.TRIVY,
        id=vulnerability.VulnerabilityID,
        severity=_severity(vulnerability.Severity),
        title=(vulnerability.Title or f"{vulnerability.VulnerabilityID} in {vulnerability.PkgName}")[:TITLE_LENGTH],
        location=Location(vulnerability.PkgPath or place),
        fingerprint=scanner.fingerprint(
            vulnerability.VulnerabilityID, vulnerability.PkgName, vulnerability.InstalledVersion, path
        ),
        detail=vulnerability.Description[:DETAIL_LENGTH],
        package=Package(
            vulnerability.PkgName,
            vulnerability.InstalledVersion,
            result.Type,
            vulnerability.FixedVersion,
            _status(vulnerability),
        ),
        url=vulnerability.PrimaryURL,
        kind=Kind.VULNERABILITY,
        published=_day(vulnerability.PublishedDate),
    )


def _day(text: str) -> date | None:
    """Return the day of a time like `2021-04-14T05:15:12.917Z`; `None` for anything else: no scan fails for it."""
    with suppress(ValueError, OverflowError):
        return datetime.fromisoformat(text).astimezone(UTC).date()
    return None


def _secret(place: str, secret: _Secret) -> Finding:
    line = max(secret.StartLine, 0)
    return Finding(
        gate=Gate.TRIVY,
        id=secret.RuleID,
        severity=_severity(secret.Severity),
        title=f"{secret.Title or secret.RuleID} in the image"[:TITLE_LENGTH],
        location=Location(place, line),
        fingerprint=scanner.fingerprint(secret.RuleID, place, str(line)),
        kind=Kind.SECRET,
        advice=_REVOKE,
    )


def _status(vulnerability: _Vulnerability) -> FixStatus:
    """Return what is known about a fix; a fixed version says more than any other word."""
    if vulnerability.FixedVersion:
        return FixStatus.FIXED
    return FixStatus(vulnerability.Status) if vulnerability.Status in _STATUSES else FixStatus.UNKNOWN


def _severity(said: str) -> Severity:
    return Severity(said) if said in _SEVERITIES else Severity.UNKNOWN
