"""trivy: known vulnerabilities, and secrets, in an image. One scan to JSON; everything else is derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import Struct, field

from goldenpath.model import codec
from goldenpath.model.finding import Finding, Gate, Kind, Location, Package, Severity
from goldenpath.model.names import Digest
from goldenpath.tools import process, scanner

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.tools.toolchain import Program

SCHEMA_VERSION = 2
DETAIL_LENGTH = 1000
TITLE_LENGTH = 250
# By itself trivy leaves out what is called a picture, an archive or a lock file. `.git` is looked for in the layers.
_SECRET_RULES = b"skip-patterns: ['**/.git/**', '**/node_modules/**']\n"
# Where trivy's own rules do not look for secrets (aquasecurity/trivy, `fanal/secret`, `fanal/analyzer/secret`).
NOT_SEARCHED = (
    "node_modules, usr/share, usr/lib, usr/include, usr/local/lib/python*, usr/local/go, usr/src/wordpress, "
    "*.dist-info, vendor, locale, tests, examples and *.md, nor in programs, pictures and archives"
)
_REVOKE = (
    "Revoke this secret first, then keep it out of the image: .dockerignore for a file, a build secret for a RUN step."
)


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


class _Secret(Struct, frozen=True):
    """The fields `Match` and `Code` show what surrounds the secret: they are never read."""

    RuleID: str
    Severity: str
    Title: str = ""
    StartLine: int = 0


class _Package(Struct, frozen=True):
    Name: str = ""


class _Result(Struct, frozen=True):
    Target: str
    Type: str = ""
    Packages: list[_Package] | None = None
    Vulnerabilities: list[_Vulnerability] | None = None
    Secrets: list[_Secret] | None = None


class _System(Struct, frozen=True):
    Family: str = ""
    Name: str = ""


class _Metadata(Struct, frozen=True):
    ImageID: Digest
    OS: _System | None = None


class _Report(Struct, frozen=True):
    SchemaVersion: int
    Metadata: _Metadata
    ArtifactName: str = ""
    Results: list[_Result] | None = field(default=None)


_SEVERITIES = frozenset(Severity)


@dataclass(frozen=True)
class ImageScan:
    """What trivy saw in one image: `config` is the digest of the image's config, `system` its OS, if it knows it."""

    config: Digest
    system: str
    packages: int
    findings: tuple[Finding, ...]


def scan(program: Program, layout: Path, cache: Path, *, secrets: bool = True) -> bytes:
    """Scan the one image in the OCI image layout `layout` and return trivy's JSON report; the database is in `cache`.

    With `secrets` its files and its configuration are searched for secrets too.

    trivy runs in an empty folder: neither `trivy.yaml`, `.trivyignore` nor `TRIVY_*` of the caller reach it.
    Raises `ScannerFailed` when trivy does not end well or leaves no report.
    """
    with scanner.empty_folder("trivy") as folder:
        # trivy passes over a file of the image that is called what these rules are called: nobody can know that name.
        report, rules = folder / "report.json", folder / f"{uuid4().hex}.yaml"
        rules.write_bytes(_SECRET_RULES)
        for_secrets = ("--scanners", "vuln,secret", "--image-config-scanners", "secret", "--secret-config", rules)
        looked_for = for_secrets if secrets else ("--scanners", "vuln")
        process.run(
            program.path, "image", "--input", layout, *looked_for, "--list-all-pkgs",
            "--format", "json", "--output", report, "--cache-dir", cache, "--timeout", f"{scanner.TIMEOUT:.0f}s",
            "--skip-db-update", "--offline-scan", "--disable-telemetry", "--skip-version-check", "--no-progress",
            "--quiet",
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
    name = read.ArtifactName
    return ImageScan(
        config=read.Metadata.ImageID,
        system=f"{system.Family} {system.Name}".strip() if system else "",
        packages=sum(len(result.Packages or []) for result in results),
        findings=(
            *(
                _vulnerability(_place(result, name), result.Type, each)
                for result in results
                for each in result.Vulnerabilities or []
            ),
            *(_secret(_place(result, name), each) for result in results for each in result.Secrets or []),
        ),
    )


def _place(result: _Result, artifact: str) -> str:
    """Return where in the image `result` is: its target, without the folder in which the image lay for the scan."""
    if artifact and result.Target.startswith(artifact):
        return result.Target.removeprefix(artifact).strip(" ()") or "image"
    return result.Target.lstrip("/") or "image"


def _vulnerability(place: str, kind: str, each: _Vulnerability) -> Finding:
    return Finding(
        gate=Gate.TRIVY,
        id=each.VulnerabilityID,
        severity=_severity(each.Severity),
        title=(each.Title or f"{each.VulnerabilityID} in {each.PkgName}")[:TITLE_LENGTH],
        location=Location(each.PkgPath or place),
        fingerprint=scanner.fingerprint(each.VulnerabilityID, each.PkgName, each.InstalledVersion, each.PkgPath),
        detail=each.Description[:DETAIL_LENGTH],
        package=Package(each.PkgName, each.InstalledVersion, kind, each.FixedVersion),
        url=each.PrimaryURL,
        kind=Kind.VULNERABILITY,
    )


def _secret(place: str, each: _Secret) -> Finding:
    line = max(each.StartLine, 0)
    return Finding(
        gate=Gate.TRIVY,
        id=each.RuleID,
        severity=_severity(each.Severity),
        title=f"{each.Title or each.RuleID} in the image"[:TITLE_LENGTH],
        location=Location(place, line),
        fingerprint=scanner.fingerprint(each.RuleID, place, str(line)),
        kind=Kind.SECRET,
        advice=_REVOKE,
    )


def _severity(said: str) -> Severity:
    return Severity(said) if said in _SEVERITIES else Severity.UNKNOWN
