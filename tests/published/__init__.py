"""What others publish and our work is held against: GitHub's OpenAPI description, and the schema of SARIF.

Both come in npm packages, at the versions of package.json and with the hashes of package-lock.json beside this file.
npm fetches and checks them once, with the user's own settings; the project's cache keeps the files that are needed.
`python -m tests.published` does that ahead of the tests.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from goldenpath import runner

_LISTS = tuple(Path(__file__).with_name(name) for name in ("package.json", "package-lock.json"))
_DESCRIPTION = "@octokit/openapi/generated/api.github.com.json"
_SARIF = "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
_PATIENCE = 300


def github_description() -> dict[str, Any]:
    """Return GitHub's description of its own API, for any server."""
    whole = json.loads((folder() / _DESCRIPTION).read_bytes())
    return {name: part for name, part in whole.items() if name != "servers"}


def sarif_schema() -> dict[str, Any]:
    """Return the JSON Schema of SARIF 2.1.0, as OASIS published it."""
    return dict(json.loads((folder() / _SARIF).read_bytes()))


def folder() -> Path:
    """Return the folder in the cache that holds the files; npm fetches their packages first if need be."""
    key = hashlib.sha256(b"".join(path.read_bytes() for path in _LISTS)).hexdigest()[:16]
    home = runner.cache_dir() / "npm" / f"published-{key}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as mutex:
        fcntl.flock(mutex, fcntl.LOCK_EX)
        if not home.exists():
            _fetch(home)
    return home


def _fetch(home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".part-") as part:
        for path in _LISTS:
            shutil.copy(path, part)
        command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        done = subprocess.run(command, cwd=part, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed in a copy of {_LISTS[0].parent}: {done.stderr}")
        ready = Path(part, "ready")
        for name in (_DESCRIPTION, _SARIF):
            (ready / name).parent.mkdir(parents=True)
            Path(part, "node_modules", name).rename(ready / name)
        ready.rename(home)
