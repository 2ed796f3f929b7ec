"""Make the vulnerability database of our advisory records with the real trivy-db."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import TYPE_CHECKING

from goldenpath.local.vulnerabilities import vulnerability_db
from goldenpath.shared import process
from goldenpath.shared.errors import LocalTrouble

if TYPE_CHECKING:
    from pathlib import Path

BUILD_SECONDS = 60.0
_GITHUB = "GHSA-*.json"
# As trivy-db's own sources lie in its cache (`pkg/vulnsrc/debian`, `pkg/vulnsrc/alpine`), and what it walks besides.
_SYSTEMS = ("vuln-list-debian", "vuln-list")
_WALKED = ("cocoapods-specs/Specs", *(f"vuln-list-debian/tracker/{name}" for name in ("DLA", "DSA", "updates-source")))
SOURCES = ("ghsa", "debian", "alpine", "ubuntu")


def build_database(trivy_db: Path, into: Path) -> Path:
    """Return the trivy cache folder `into` with a database that the program `trivy_db` made of our records.

    Raises `LocalTrouble` when the program leaves no database, `ToolFailed` when it fails.
    """
    return vulnerability_db.provide(into, partial(_build, trivy_db))


def arrange(advisories: Path, folder: Path) -> int:
    """Copy the records of `advisories` to where trivy-db looks for them; return how many there are of GitHub's."""
    records = sorted(advisories.glob(_GITHUB))
    for path in records:
        published = json.loads(path.read_bytes())["published"]
        year, month = published.split("-")[:2]
        home = folder / "ghsa/advisories/github-reviewed" / year / month / path.stem
        home.mkdir(parents=True)
        shutil.copyfile(path, home / path.name)
    for name in _SYSTEMS:
        if (advisories / name).is_dir():
            shutil.copytree(advisories / name, folder / name)
    for name in _WALKED:
        (folder / name).mkdir(parents=True)
    return len(records)


def _build(trivy_db: Path, folder: Path) -> Path:
    """Build the database below `folder`; return the folder that it is in."""
    arrange(vulnerability_db.ADVISORIES, folder)
    out = folder / "out"
    only = [word for name in SOURCES for word in ("--only-update", name)]
    process.run(trivy_db, "build", "--cache-dir", folder, *only, "--output-dir", out, timeout=BUILD_SECONDS)
    if not (out / "trivy.db").is_file():
        raise LocalTrouble(
            "trivy-db ended well and left no database",
            why=f"There is no {out / 'trivy.db'}",
            fix="Run `goldenpath tools verify`, then run this again",
        )
    out.chmod(0o755)
    return out
