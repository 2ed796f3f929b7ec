"""Proof that trivy's database knows the packages of an image: old packages, whose vulnerabilities it must report.

An empty database, or one that lacks an ecosystem, makes trivy end with 0 and no finding. So the same program and the
same database are asked about packages that have been known to be vulnerable for years, one for each ecosystem, in a
software bill of materials. Source of the types: aquasecurity/trivy, `pkg/detector/library/driver.go`.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from goldenpath.delivery.scanners import scanner
from goldenpath.shared import codec, process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.delivery.scanners.scanner import Inventory
    from goldenpath.shared.toolchain import Program

JAVA_TIMEOUT = 60.0


@dataclass(frozen=True)
class OldPackage:
    """A package, at a version that has one vulnerability, which all of `ids` name."""

    purl: str
    ids: frozenset[str]

    @property
    def component(self) -> dict[str, str]:
        """The package as CycloneDX writes it."""
        name, _, version = self.purl.partition("/")[2].partition("@")
        return {"bom-ref": self.purl, "type": "library", "name": name, "version": version, "purl": self.purl}


LANGUAGES = {
    "pip": OldPackage("pkg:pypi/jinja2@2.10", frozenset({"CVE-2019-10906", "GHSA-462w-v97r-4m45"})),
    "npm": OldPackage("pkg:npm/lodash@4.17.20", frozenset({"CVE-2021-23337", "GHSA-35jh-r3h4-6jhm"})),
    "go": OldPackage("pkg:golang/github.com/gogo/protobuf@v1.3.1", frozenset({"CVE-2021-3121", "GHSA-c3h9-896r-86jm"})),
    "rubygems": OldPackage("pkg:gem/rack@1.6.0", frozenset({"CVE-2019-16782", "GHSA-hrqr-hxpp-chr3"})),
    "maven": OldPackage(
        "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", frozenset({"CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"})
    ),
    "composer": OldPackage(
        "pkg:composer/phpmailer/phpmailer@5.2.17", frozenset({"CVE-2016-10033", "GHSA-5f37-gxvh-23v6"})
    ),
    "nuget": OldPackage("pkg:nuget/Newtonsoft.Json@12.0.3", frozenset({"CVE-2024-21907", "GHSA-5crp-9r3c-p9vr"})),
    "cargo": OldPackage("pkg:cargo/regex@1.5.4", frozenset({"CVE-2022-24713", "GHSA-m5pq-gvj9-9vr8"})),
}
_ECOSYSTEMS = {
    "bundler": "rubygems", "gemspec": "rubygems", "rustbinary": "cargo", "cargo": "cargo", "composer": "composer",
    "composer-vendor": "composer", "gobinary": "go", "gomod": "go", "jar": "maven", "pom": "maven", "gradle": "maven",
    "sbt": "maven", "npm": "npm", "yarn": "npm", "pnpm": "npm", "bun": "npm", "node-pkg": "npm", "javascript": "npm",
    "nuget": "nuget", "dotnet-core": "nuget", "packages-props": "nuget", "pipenv": "pip", "poetry": "pip", "pip": "pip",
    "python-pkg": "pip", "uv": "pip", "pylock": "pip",
}  # fmt: skip
# Every release of these has had to fix OpenSSL since this version, by whatever name a vulnerability has.
_SYSTEMS = {
    "debian": "pkg:deb/debian/openssl@0.9.8a-1", "ubuntu": "pkg:deb/ubuntu/openssl@0.9.8a-1",
    "alpine": "pkg:apk/alpine/openssl@0.9.8a-r0", "wolfi": "pkg:apk/wolfi/openssl@0.9.8a-r0",
    "chainguard": "pkg:apk/chainguard/openssl@0.9.8a-r0",
}  # fmt: skip
_SYSTEM_PACKAGE = "openssl"


class _CanaryVulnerability(Struct, frozen=True):
    VulnerabilityID: str
    PkgName: str


class _CanaryPackage(Struct, frozen=True):
    Name: str = ""


class _CanaryResult(Struct, frozen=True):
    Class: str = ""
    Vulnerabilities: list[_CanaryVulnerability] | None = None
    Packages: list[_CanaryPackage] | None = None


class _CanaryReport(Struct, frozen=True):
    Results: list[_CanaryResult] | None = None


def unknown(program: Program, cache: Path, inventory: Inventory) -> tuple[str, ...]:
    """Return the ecosystems of `inventory` that the database in `cache` knows nothing about, for people.

    An ecosystem of which no old package is known here counts as known where the database knows all the others. Raises
    `ScannerFailed` when trivy does not end well.
    """
    system = _SYSTEMS.get(inventory.family, "")
    ids, knows_system = _reported(ask(program, cache, document(inventory, system)))
    known = {name for name, package in LANGUAGES.items() if ids & package.ids}
    return tuple(dict.fromkeys(_missing(inventory, known, has_system=bool(system), knows_system=knows_system)))


def _missing(inventory: Inventory, known: set[str], *, has_system: bool, knows_system: bool) -> Iterator[str]:
    if has_system and not knows_system:
        yield inventory.system
    for kind in sorted(inventory.types):
        needed = {_ECOSYSTEMS[kind]} if kind in _ECOSYSTEMS else set(LANGUAGES)
        yield from sorted(needed - known)
    if inventory.family and not has_system:
        yield from sorted(set(LANGUAGES) - known)


def document(inventory: Inventory, system: str) -> bytes:
    """Return a bill of materials (CycloneDX 1.5) of all old packages, on the OS of `inventory`."""
    components: list[dict[str, str]] = [package.component for package in LANGUAGES.values()]
    if system:
        named = {"type": "operating-system", "name": inventory.family, "version": inventory.release}
        version = system.rpartition("@")[2]
        package = {"bom-ref": "package", "type": "library", "name": _SYSTEM_PACKAGE, "version": version}
        distro = f"{system}?distro={inventory.family}-{inventory.release}"
        components += [{"bom-ref": "os", **named}, {**package, "purl": distro}]
    root = {"bom-ref": "root", "type": "container", "name": "canary"}
    about = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": root}}
    return msgspec.json.encode({**about, "components": components})


def ask(program: Program, cache: Path, content: bytes) -> bytes:
    """Return trivy's JSON report on the bill of materials `content`, by the database in `cache`."""
    with scanner.empty_folder("trivy") as folder:
        asked = folder / "canary.json"
        asked.write_bytes(content)
        return _run(program, cache, folder, "sbom", asked, timeout=scanner.TIMEOUT)


def knows_java(program: Program, cache: Path) -> bool:
    """Tell whether the Java database in `cache` knows an archive by its name: an old one, as any registry has it.

    Raises `ScannerFailed` when trivy does not end well.
    """
    package = LANGUAGES["maven"].component
    group, _, artifact = package["name"].rpartition("/")
    with scanner.empty_folder("trivy") as folder:
        shown = folder / "shown"
        shown.mkdir()
        # Nothing inside says what it is, so only the database can.
        with zipfile.ZipFile(shown / f"{artifact}-{package['version']}.jar", "w") as archive:
            archive.writestr("canary", "")
        more = ("--list-all-pkgs", "--skip-java-db-update")
        results = _read(_run(program, cache, folder, "rootfs", shown, *more, timeout=JAVA_TIMEOUT))
    return any(seen.Name == f"{group}:{artifact}" for result in results for seen in result.Packages or [])


def _run(program: Program, cache: Path, folder: Path, *words: str | Path, timeout: float) -> bytes:
    report = folder / "report.json"
    process.run(
        program.path, *words, "--scanners", "vuln", "--format", "json", "--output", report, "--cache-dir", cache,
        "--timeout", f"{timeout:.0f}s", "--skip-db-update", "--offline-scan", "--disable-telemetry",
        "--skip-version-check", "--no-progress", "--cache-backend", "memory", "--quiet",
        timeout=timeout, cwd=folder,
    )  # fmt: skip
    return report.read_bytes()


def _read(report: bytes) -> list[_CanaryResult]:
    try:
        return codec.decode(report, _CanaryReport).Results or []
    except ValueError as error:
        raise scanner.failed("trivy", f"Its report cannot be read: {error}") from None


def _reported(report: bytes) -> tuple[frozenset[str], bool]:
    """Return the ids of the reported vulnerabilities, and whether one is in the OS package that we listed."""
    results = _read(report)
    system_packages = (result for result in results if result.Class == "os-pkgs")
    of_system = (vulnerability for result in system_packages for vulnerability in result.Vulnerabilities or [])
    knows_system = any(vulnerability.PkgName == _SYSTEM_PACKAGE for vulnerability in of_system)
    every = (vulnerability for result in results for vulnerability in result.Vulnerabilities or [])
    return frozenset(vulnerability.VulnerabilityID for vulnerability in every), knows_system
