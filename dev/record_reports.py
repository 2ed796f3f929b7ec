"""Record what the pinned scanners write, for the unit tests that read it: `python dev/record_reports.py [folder]`.

Two small images (one with an old package, one with none) and a git history with planted secrets go through the real
gitleaks, trivy and syft, started as the pipeline starts them. Only what differs from one recording to the next (times,
random ids, the temporary folder) is evened out, so that a recording made again differs where a scanner changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.doubles import trivy_db

from goldenpath.delivery.scanners import scanner, trivy
from goldenpath.delivery.secrets import gitleaks
from goldenpath.local.demo import sample
from goldenpath.local.images import root_layout
from goldenpath.local.images.root_layout import RootImageConfig
from goldenpath.shared import codec, process
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPORTS = Path(__file__).resolve().parent.parent / "tests" / "data" / "reports"
# What makes gitleaks see all that commits change.
_ALL_CHANGES = "--log-opts=--full-history --diff-merges=first-parent --text --no-textconv --no-ext-diff --no-renames"
_TIME = 1_767_225_600  # 2026-01-01T00:00:00Z
_DIST_INFO = "usr/lib/python3/site-packages"
_PYYAML = f"{_DIST_INFO}/PyYAML-5.3.dist-info/METADATA"
_SYSTEM = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "etc/debian_version": "12.5\n",
    "var/lib/dpkg/status": "Package: base-files\nStatus: install ok installed\nVersion: 12.4+deb12u5\n"
    "Architecture: amd64\nMaintainer: Debian <x@debian.example>\nDescription: base\n\n",
}
IMAGES: Mapping[str, Mapping[str, str]] = {
    "vulnerable": {**_SYSTEM, _PYYAML: "Metadata-Version: 2.1\nName: PyYAML\nVersion: 5.3\n"},
    "clean": _SYSTEM,
    "empty": {"hello": "No package database at all.\n"},
}
_EVEN = (
    (r'("(?:CreatedAt|created|timestamp)": ?)"[^"]*"', r'\1"2026-01-01T00:00:00Z"'),
    (r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", "00000000-0000-0000-0000-000000000000"),
)


def main(argv: Sequence[str]) -> int:
    """Record every report into the folder named, `tests/data/reports` when none is; return the exit code."""
    into = Path(argv[0]) if argv else REPORTS
    toolchain = Toolchain.load()
    with tempfile.TemporaryDirectory(prefix="goldenpath-record-") as name:
        folder = Path(name)
        reports = {**record_secrets(toolchain, folder), **record_images(toolchain, folder)}
        for path, content in reports.items():
            codec.write_bytes(into / path, evened(content, folder))
            print(f"recorded {path}")
    return 0


def token(seed: str) -> str:
    """Return what looks like a GitHub token, is none, and stands in no file: 36 letters and digits made of `seed`."""
    letters = string.ascii_letters + string.digits
    digest = hashlib.sha512(seed.encode()).digest()
    return "ghp_" + "".join(letters[byte % len(letters)] for byte in digest[:36])


def history(folder: Path) -> Path:
    """Return a git repository with planted secrets: in a plain file, in one called binary, and in a merge commit."""
    app = folder / "app"
    app.mkdir()
    (app / "README.md").write_text("A repository with planted secrets.\n")
    clone = sample.repository(app, folder / "clone", "https://github.com/o/r")
    (clone / "config with spaces & ü.py").write_text(f'x = 1\nTOKEN = "{token("plain")}"\n')
    (clone / ".gitattributes").write_text("*.dat binary\n")
    (clone / "hidden.dat").write_text(f"{token('binary')}\n")
    sample.commit(clone, "Plain and called binary")
    sample.git(clone, "checkout", "--quiet", "-b", "side", "HEAD^")
    sample.commit(clone, "Beside")
    sample.git(clone, "checkout", "--quiet", "main")
    sample.git(clone, "merge", "--quiet", "--no-ff", "--no-commit", "side")
    (clone / "merged.txt").write_text(f"{token('merge')}\n")
    sample.commit(clone, "Merge")
    return clone


def record_secrets(toolchain: Toolchain, folder: Path) -> dict[str, bytes]:
    """Return what gitleaks reports of a history with secrets, and of its first commit, which has none."""
    program, clone = toolchain.provide("gitleaks"), history(folder)
    first = process.run("git", "-C", clone, "rev-list", "--max-parents=0", "HEAD", timeout=10).stdout.decode().strip()
    return {
        "gitleaks/secrets.json": gitleaks.run(program, "git", clone, f"{_ALL_CHANGES} HEAD", "--redact=100")[0],
        "gitleaks/nothing.json": gitleaks.run(program, "git", clone, f"{_ALL_CHANGES} {first}", "--redact=100")[0],
    }


def record_images(toolchain: Toolchain, folder: Path) -> dict[str, bytes]:
    """Return what trivy and syft report of every image."""
    cache = trivy_db.build_database(toolchain.provide("trivy-db").path, folder / "cache")
    reports = {}
    with_secret = {"secrets": {**_SYSTEM, "app/settings.py": f'x = 1\nTOKEN = "{token("image")}"\n'}}
    for name, files in {**IMAGES, **with_secret}.items():
        layout = image(folder, name, files)
        reports[f"trivy/{name}.json"] = trivy.scan(toolchain.provide("trivy"), layout, cache)[0]
        if name not in {"clean", "secrets"}:
            spdx, cyclonedx = inventory(toolchain, layout, name)
            reports |= {f"syft/{name}.spdx.json": spdx, f"syft/{name}.cdx.json": cyclonedx}
    return reports


def image(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """Return an OCI image layout of one layer that holds `files` (path → text)."""
    root, layout = folder / f"{name}-root", folder / name
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    layout.mkdir()
    config = RootImageConfig("amd64", ("PATH=/bin",), ("sh",))
    root_layout.write(root, layout, config, newest=_TIME, keep=lambda _: True)
    return layout


def inventory(toolchain: Toolchain, layout: Path, name: str) -> tuple[bytes, bytes]:
    """Return syft's SPDX and CycloneDX documents of the image in `layout`, not read yet."""
    with scanner.empty_folder("syft") as folder:
        spdx, cyclonedx = folder / "spdx.json", folder / "cyclonedx.json"
        process.run(
            toolchain.provide("syft").path, "scan", f"oci-dir:{layout}", "--quiet", "--source-name", name,
            "--output", f"spdx-json={spdx}", "--output", f"cyclonedx-json={cyclonedx}", timeout=60, cwd=folder,
        )  # fmt: skip
        return spdx.read_bytes(), cyclonedx.read_bytes()


def evened(report: bytes, folder: Path) -> bytes:
    """Return `report` indented, and without what is new each time: order, times, random ids, the `folder`."""
    value = json.loads(report)
    if isinstance(value, list):  # gitleaks reports in no order
        value.sort(key=lambda leak: str(leak["Fingerprint"]))
    text = json.dumps(value, indent=2, ensure_ascii=False).replace(str(folder), "/recorded")
    for pattern, same in _EVEN:
        text = re.sub(pattern, same, text)
    return text.encode() + b"\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
