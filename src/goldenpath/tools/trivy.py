"""trivy: known vulnerabilities in an image. One scan to JSON; everything else is derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct, field

from goldenpath.model import codec
from goldenpath.model.finding import Finding, Gate, Location, Package, Severity
from goldenpath.model.names import Digest
from goldenpath.tools import process, scanner

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.tools.toolchain import Program

SCHEMA_VERSION = 2
DETAIL_LENGTH = 1000


class _Vulnerability(Struct, frozen=True):
    VulnerabilityID: str
    PkgName: str
    Severity: str
    InstalledVersion: str = ""
    FixedVersion: str = ""
    PkgPath: str = ""
    Title: str = ""
    Description: str = ""
    PrimaryURL: str = ""


class _Package(Struct, frozen=True):
    Name: str = ""


class _Result(Struct, frozen=True):
    Target: str
    Type: str = ""
    Packages: list[_Package] | None = None
    Vulnerabilities: list[_Vulnerability] | None = None


class _System(Struct, frozen=True):
    Family: str = ""
    Name: str = ""


class _Metadata(Struct, frozen=True):
    ImageID: Digest
    OS: _System | None = None


class _Report(Struct, frozen=True):
    SchemaVersion: int
    Metadata: _Metadata
    Results: list[_Result] | None = field(default=None)


class _DatabaseMetadata(Struct, frozen=True):
    UpdatedAt: str


@dataclass(frozen=True)
class ImageScan:
    """What trivy saw in one image: `config` is the digest of the image's config, `system` its OS, if it knows it."""

    config: Digest
    system: str
    packages: int
    findings: tuple[Finding, ...]


def scan(program: Program, layout: Path, cache: Path) -> bytes:
    """Scan the one image in the OCI image layout `layout` and return trivy's JSON report; the database is in `cache`.

    trivy runs in an empty folder: neither `trivy.yaml`, `.trivyignore` nor `TRIVY_*` of the caller reach it.
    Raises `ScannerFailed` when trivy does not end well or leaves no report.
    """
    with scanner.empty_folder("trivy") as folder:
        report = folder / "report.json"
        process.run(
            program.path, "image", "--input", layout, "--scanners", "vuln", "--list-all-pkgs",
            "--format", "json", "--output", report, "--cache-dir", cache, "--timeout", f"{scanner.TIMEOUT:.0f}s",
            "--offline-scan", "--disable-telemetry", "--skip-version-check", "--no-progress", "--quiet",
            timeout=scanner.TIMEOUT, cwd=folder,
        )  # fmt: skip
        return report.read_bytes()


def parse(report: bytes) -> ImageScan:
    """Return what a JSON report of trivy says. Raises `ScannerFailed` when it is not one, or of another schema."""
    try:
        read = codec.decode(report, _Report)
    except ValueError as error:
        raise scanner.failed("trivy", f"its report cannot be read: {error}") from None
    if read.SchemaVersion != SCHEMA_VERSION:
        raise scanner.failed(
            "trivy", f"its report has schema version {read.SchemaVersion}, and {SCHEMA_VERSION} was expected"
        )
    results = read.Results or []
    system = read.Metadata.OS
    return ImageScan(
        config=read.Metadata.ImageID,
        system=f"{system.Family} {system.Name}".strip() if system else "",
        packages=sum(len(result.Packages or []) for result in results),
        findings=tuple(_finding(result, each) for result in results for each in result.Vulnerabilities or []),
    )


def database_date(cache: Path) -> str:
    """Return when the vulnerability database in `cache` was made (RFC 3339). Raises `ScannerFailed` without one."""
    try:
        return codec.decode((cache / "db" / "metadata.json").read_bytes(), _DatabaseMetadata).UpdatedAt
    except (OSError, ValueError) as error:
        raise scanner.failed("trivy", f"its database cannot be read: {error}") from error


def _finding(result: _Result, each: _Vulnerability) -> Finding:
    path = each.PkgPath or result.Target
    return Finding(
        gate=Gate.TRIVY,
        id=each.VulnerabilityID,
        severity=Severity(each.Severity) if each.Severity in list(Severity) else Severity.UNKNOWN,
        title=each.Title or f"{each.VulnerabilityID} in {each.PkgName}",
        location=Location(path),
        fingerprint=scanner.fingerprint(each.VulnerabilityID, each.PkgName, each.InstalledVersion, each.PkgPath),
        detail=each.Description[:DETAIL_LENGTH],
        package=Package(each.PkgName, each.InstalledVersion, result.Type, each.FixedVersion),
        url=each.PrimaryURL,
    )
