"""The advisory records in `advisories/` as trivy's database holds them.

Source of the form: aquasecurity/trivy-db, `pkg/vulnsrc` (`ghsa`, `osv`, `debian`, `ubuntu`, `alpine`). Its own program
makes the same of our records, which a test compares; it needs Go, and a demo should not.
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
    """A vulnerability that a package of a release of a system has before a `version`."""

    system: str
    release: str
    package: str
    vulnerability: str
    version: str


def buckets(advisories: Path) -> Bucket:
    """Return the content of a database with the records in the folder `advisories`."""
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
    """Yield the Maven packages in the folder `advisories`, at each version that a record names, and the canary's.

    Their archives are known by name alone: the records hold no hashes.
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
        "References": [each["url"] for each in record["references"]],
        "Severity": severity,
        "VendorSeverity": {"ghsa": number},
    }
    for affected in record["affected"]:
        kind, name = _ECOSYSTEMS[affected["package"]["ecosystem"]]
        url = f"https://github.com/advisories?query=type%3Areviewed+ecosystem%3A{name.lower()}"
        source = {"ID": "ghsa", "Name": f"GitHub Security Advisory {name}", "URL": url}
        packages = _packages(tree, f"{kind}::{source['Name']}", source)
        for package in _names(kind, affected["package"]["name"]):
            held = packages.setdefault(package, {})
            held[vulnerability] = _advisory(record["id"], affected["ranges"], held.get(vulnerability, {}))


def _names(kind: str, name: str) -> set[str]:
    if kind == "pip":
        return {re.sub(r"[-_.]+", "-", name).lower()}
    return {name, name.lower()} if kind == "nuget" else {name}


def _advisory(identifier: str, ranges: list[dict[str, Any]], held: dict[str, Any]) -> dict[str, Any]:
    """Return what is affected by `ranges`, and by what is `held` of the same package already."""
    fixed, affected = list(held.get("PatchedVersions", ())), list(held.get("VulnerableVersions", ()))
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
    releases = [each["major-version"] for each in _json(tracker / "distributions.json").values()]
    for path in sorted((tracker / "CVE").glob("*.json")):
        for note in (each for each in _json(path)["Annotations"] if each["Kind"] == "fixed"):
            yield from (_Fix("debian", each, note["Package"], path.stem, note["Version"]) for each in releases)


def _alpine(folder: Path) -> Iterator[_Fix]:
    for path in sorted(folder.rglob("*.json")):
        record = _json(path)
        for version, vulnerabilities in record["secfixes"].items():
            for each in vulnerabilities:
                yield _Fix("alpine", record["distroversion"].removeprefix("v"), record["name"], each, version)


def _ubuntu(folder: Path) -> Iterator[_Fix]:
    for path in sorted(folder.rglob("*.json")):
        for package, releases in _json(path)["Patches"].items():
            for codename, status in releases.items():
                yield _Fix("ubuntu", _UBUNTU[codename], package, path.stem, status["Note"])


def _packages(tree: dict[str, Any], bucket: str, source: dict[str, str]) -> dict[str, Any]:
    """Return the packages in `bucket`, which holds what `source` knows."""
    tree["data-source"][bucket] = source
    packages: dict[str, Any] = tree.setdefault(bucket, {})
    return packages


def _encoded(tree: dict[str, Any]) -> dict[str, Any]:
    """Return `tree` with each value as JSON: of the sources and vulnerabilities, and of each package's advisories."""

    def values(bucket: dict[str, Any]) -> dict[str, bytes]:
        return {name: json.dumps(value).encode() for name, value in bucket.items()}

    flat = ("data-source", "vulnerability")
    return {
        name: values(bucket) if name in flat else {package: values(each) for package, each in bucket.items()}
        for name, bucket in tree.items()
    }


def _json(path: Path) -> Any:  # noqa: ANN401  any JSON
    return json.loads(path.read_bytes())
