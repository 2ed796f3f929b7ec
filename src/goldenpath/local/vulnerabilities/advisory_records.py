"""Convert the advisory records in `advisories/` into the content of trivy's database.

Source of the format: aquasecurity/trivy-db, `pkg/vulnsrc` (`ghsa`, `osv`, `debian`, `ubuntu`, `alpine`). A test
compares the result with the database that trivy-db's own program makes; that one needs Go, which a demo must not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.scanners import trivy_canary
from goldenpath.delivery.scanners.java_index import MavenArchive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.local.vulnerabilities.bolt import Bucket

_ECOSYSTEMS = {
    "Go": ("go", "Go"), "Maven": ("maven", "Maven"), "NuGet": ("nuget", "NuGet"), "Packagist": ("composer", "Composer"),
    "PyPI": ("pip", "pip"), "RubyGems": ("rubygems", "RubyGems"), "crates.io": ("cargo", "Rust"), "npm": ("npm", "npm"),
}  # fmt: skip
_SEVERITIES = {"LOW": (1, "LOW"), "MODERATE": (2, "MEDIUM"), "HIGH": (3, "HIGH"), "CRITICAL": (4, "CRITICAL")}
_UBUNTU = {"jammy": "22.04", "noble": "24.04", "resolute": "26.04"}
_SYSTEMS = {
    "alpine": ("Alpine Secdb", "https://secdb.alpinelinux.org/"),
    "debian": ("Debian Security Tracker", "https://salsa.debian.org/security-tracker-team/security-tracker"),
    "ubuntu": ("Ubuntu CVE Tracker", "https://git.launchpad.net/ubuntu-cve-tracker"),
}


@dataclass(frozen=True)
class _Fix:
    """The `version` of a package, in one release of a system, that fixes a vulnerability."""

    system: str
    release: str
    package: str
    vulnerability: str
    version: str


def buckets(advisories: Path) -> Bucket:
    """Return the content of a database with the records of the folder `advisories`."""
    tree: dict[str, Any] = {"data-source": {}, "vulnerability": {}}
    for path in sorted(advisories.glob("GHSA-*.json")):
        _add_language(tree, _json(path))
    for fix in (
        *_debian(advisories / "vuln-list-debian" / "tracker"),
        *_alpine(advisories / "vuln-list" / "alpine"),
        *_ubuntu(advisories / "vuln-list" / "ubuntu"),
    ):
        name, url = _SYSTEMS[fix.system]
        source = {"ID": fix.system, "Name": name, "URL": url}
        packages = _packages(tree, f"{fix.system} {fix.release}", source)
        packages.setdefault(fix.package, {})[fix.vulnerability] = {"FixedVersion": fix.version}
        tree["vulnerability"].setdefault(fix.vulnerability, {"Severity": "UNKNOWN"})
    for path in (advisories / "vuln-list-debian" / "tracker" / "CVE").glob("*.json"):
        tree["vulnerability"][path.stem]["Title"] = _json(path)["Header"]["Description"].strip("()")
    return _encoded(tree)


def archives(advisories: Path) -> Iterator[MavenArchive]:
    """Yield the Maven packages in the folder `advisories`, at every version that a record names, and the canary's.

    The archives are identified only by name: the records have no hashes.
    """
    group, _, named = trivy_canary.LANGUAGES["maven"].purl.removeprefix("pkg:maven/").partition("/")
    yield MavenArchive(group, *named.split("@"))
    for path in sorted(advisories.glob("GHSA-*.json")):
        for affected in _json(path)["affected"]:
            if affected["package"]["ecosystem"] == "Maven":
                group, _, artifact = affected["package"]["name"].partition(":")
                events = (event for span in affected["ranges"] for event in span["events"])
                versions = {version for event in events for version in event.values()} - {"0"}
                yield from (MavenArchive(group, artifact, version) for version in versions)


def _add_language(tree: dict[str, Any], record: dict[str, Any]) -> None:
    (vulnerability,) = record["aliases"]
    number, severity = _SEVERITIES[record["database_specific"]["severity"]]
    tree["vulnerability"][vulnerability] = {
        "Title": record["summary"],
        "Description": record["details"],
        "References": [reference["url"] for reference in record["references"]],
        "Severity": severity,
        "VendorSeverity": {"ghsa": number},
    }
    for affected in record["affected"]:
        kind, name = _ECOSYSTEMS[affected["package"]["ecosystem"]]
        url = f"https://github.com/advisories?query=type%3Areviewed+ecosystem%3A{name.lower()}"
        source = {"ID": "ghsa", "Name": f"GitHub Security Advisory {name}", "URL": url}
        packages = _packages(tree, f"{kind}::{source['Name']}", source)
        for package in _names(kind, affected["package"]["name"]):
            known = packages.setdefault(package, {})
            known[vulnerability] = _advisory(record["id"], affected["ranges"], known.get(vulnerability, {}))


def _names(kind: str, name: str) -> set[str]:
    if kind == "pip":
        return {re.sub(r"[-_.]+", "-", name).lower()}
    return {name, name.lower()} if kind == "nuget" else {name}


def _advisory(identifier: str, ranges: list[dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    """Return the advisory for `ranges`, added to those that are `known` of the same package."""
    fixed, affected = list(known.get("PatchedVersions", ())), list(known.get("VulnerableVersions", ()))
    for span in ranges:
        events = {kind: version for event in span["events"] for kind, version in event.items()}
        begin = "" if events["introduced"] == "0" else f">={events['introduced']}, "
        if "fixed" in events:
            fixed.append(events["fixed"])
            affected.append(f"{begin}<{events['fixed']}")
        else:
            affected.append(f"{begin}<={events['last_affected']}")
    patched = {"PatchedVersions": fixed} if fixed else {}
    return {**patched, "VendorIDs": [identifier], "VulnerableVersions": affected}


def _debian(tracker: Path) -> Iterator[_Fix]:
    releases = [release["major-version"] for release in _json(tracker / "distributions.json").values()]
    for path in sorted((tracker / "CVE").glob("*.json")):
        for note in (note for note in _json(path)["Annotations"] if note["Kind"] == "fixed"):
            yield from (_Fix("debian", release, note["Package"], path.stem, note["Version"]) for release in releases)


def _alpine(folder: Path) -> Iterator[_Fix]:
    for path in sorted(folder.rglob("*.json")):
        record = _json(path)
        for version, vulnerabilities in record["secfixes"].items():
            for vulnerability in vulnerabilities:
                yield _Fix("alpine", record["distroversion"].removeprefix("v"), record["name"], vulnerability, version)


def _ubuntu(folder: Path) -> Iterator[_Fix]:
    for path in sorted(folder.rglob("*.json")):
        for package, releases in _json(path)["Patches"].items():
            for codename, status in releases.items():
                yield _Fix("ubuntu", _UBUNTU[codename], package, path.stem, status["Note"])


def _packages(tree: dict[str, Any], bucket: str, source: dict[str, str]) -> dict[str, Any]:
    """Return the packages in `bucket`, and record `source` as its source."""
    tree["data-source"][bucket] = source
    packages: dict[str, Any] = tree.setdefault(bucket, {})
    return packages


def _encoded(tree: dict[str, Any]) -> dict[str, Any]:
    """Return `tree` with its sources, its vulnerabilities and the advisories of its packages as JSON."""

    def values(bucket: dict[str, Any]) -> dict[str, bytes]:
        return {name: json.dumps(value).encode() for name, value in bucket.items()}

    flat = ("data-source", "vulnerability")
    return {
        name: values(bucket)
        if name in flat
        else {package: values(advisories) for package, advisories in bucket.items()}
        for name, bucket in tree.items()
    }


def _json(path: Path) -> Any:  # noqa: ANN401  any JSON
    return json.loads(path.read_bytes())
