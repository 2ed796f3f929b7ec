"""What others publish and our work is held against: GitHub's OpenAPI description, and the schema of SARIF.

Both come in npm packages, at the versions of package.json and with the hashes of package-lock.json beside this file.
npm fetches and checks them once, with the user's own settings; the project's cache keeps the files that are needed.
`python -m tests.published` does that ahead of the tests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import npm

_LISTS = tuple(Path(__file__).with_name(name) for name in ("package.json", "package-lock.json"))
_DESCRIPTION = "@octokit/openapi/generated/api.github.com.json"
_SARIF = "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"


def github_description() -> dict[str, Any]:
    """Return GitHub's description of its own API, for any server."""
    whole = json.loads((folder() / _DESCRIPTION).read_bytes())
    return {name: part for name, part in whole.items() if name != "servers"}


def sarif_schema() -> dict[str, Any]:
    """Return the JSON Schema of SARIF 2.1.0, as OASIS published it."""
    return dict(json.loads((folder() / _SARIF).read_bytes()))


def folder() -> Path:
    """Return the folder in the cache that holds the files; npm fetches their packages first if need be."""
    return npm.kept("published", _LISTS, _chosen)


def _chosen(folder: Path) -> Path:
    chosen = folder / "chosen"
    for name in (_DESCRIPTION, _SARIF):
        (chosen / name).parent.mkdir(parents=True)
        (folder / "node_modules" / name).rename(chosen / name)
    return chosen
