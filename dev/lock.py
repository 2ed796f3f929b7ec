"""Renew the hash-locked lists of Python packages in `locks/` from `pyproject.toml`, with uv.

A requirements list rather than uv's own lock file: that one would write down where each package was downloaded from.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTS = {
    "runtime": ("pyproject.toml",),
    "dev": ("pyproject.toml", "--extra", "local", "--group", "dev"),
    # An environment of its own: it holds some of our own packages back to versions of its choice.
    "scan": ("--group", "scan"),
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
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
