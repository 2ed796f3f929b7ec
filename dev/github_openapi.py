"""Cut the paths that our double of GitHub plays out of GitHub's own OpenAPI description.

    python dev/github_openapi.py

Writes tests/contract/github_openapi.json. The description comes as the npm package @octokit/openapi (MIT licence),
fetched by npm with the user's own settings. Examples are left out: they are half the size, and no part of the contract.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "@octokit/openapi@23.0.2"
MEMBER = "package/generated/api.github.com.json"
TARGET = Path(__file__).parent.parent / "tests" / "contract" / "github_openapi.json"
OPERATIONS = (
    ("/repos/{owner}/{repo}", "get"),
    ("/repos/{owner}/{repo}/actions/runs/{run_id}", "get"),
    ("/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", "get"),
    ("/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}", "get"),
    ("/repos/{owner}/{repo}/branches/{branch}", "get"),
    ("/repos/{owner}/{repo}/rules/branches/{branch}", "get"),
    ("/repos/{owner}/{repo}/rulesets", "get"),
    ("/repos/{owner}/{repo}/rulesets", "post"),
    ("/repos/{owner}/{repo}/rulesets/{ruleset_id}", "get"),
    ("/repos/{owner}/{repo}/code-scanning/sarifs", "post"),
    ("/repos/{owner}/{repo}/code-scanning/sarifs/{sarif_id}", "get"),
    ("/repos/{owner}/{repo}/collaborators/{username}/permission", "get"),
    ("/repos/{owner}/{repo}/contents/{path}", "get"),
    ("/repos/{owner}/{repo}/contents/{path}", "put"),
    ("/repos/{owner}/{repo}/git/ref/{ref}", "get"),
    ("/repos/{owner}/{repo}/git/refs", "post"),
    ("/repos/{owner}/{repo}/pulls", "get"),
    ("/repos/{owner}/{repo}/pulls", "post"),
    ("/repos/{owner}/{repo}/pulls/{pull_number}", "patch"),
    ("/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "get"),
    ("/repos/{owner}/{repo}/releases", "get"),
    ("/repos/{owner}/{repo}/issues", "get"),
    ("/repos/{owner}/{repo}/issues", "post"),
    ("/repos/{owner}/{repo}/issues/{issue_number}", "patch"),
    ("/repos/{owner}/{repo}/issues/{issue_number}/comments", "get"),
    ("/repos/{owner}/{repo}/issues/{issue_number}/comments", "post"),
    ("/repos/{owner}/{repo}/issues/comments/{comment_id}", "patch"),
    ("/repos/{owner}/{repo}/issues/{issue_number}/labels", "post"),
)
_LEFT_OUT = {"example", "examples", "externalDocs", "x-github", "x-octokit", "x-githubEnterpriseOverlays"}
_SOURCE = (
    f"A slice of GitHub's OpenAPI description, from the npm package {PACKAGE} (MIT), made by dev/github_openapi.py"
)


def main() -> None:
    """Fetch the description and write the slice."""
    sliced = cut(fetch())
    TARGET.write_text(json.dumps(sliced, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{TARGET}: {len(sliced['paths'])} paths, {TARGET.stat().st_size} bytes")


def fetch() -> dict[str, Any]:
    """Return GitHub's whole description."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            member = package.extractfile(MEMBER)
            if member is None:
                raise SystemExit(f"{PACKAGE} holds no {MEMBER}")
            return dict(json.load(member))


def cut(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description of OPERATIONS alone, with every component that they lead to."""
    paths: dict[str, Any] = {}
    for path, method in OPERATIONS:
        paths.setdefault(path, {})[method] = without(description["paths"][path][method])
    components: dict[str, dict[str, Any]] = {}
    waiting = list(references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = without(description["components"][kind][name])
            waiting += references(components[kind][name])
    info = {**description["info"], "description": _SOURCE}
    return {"openapi": description["openapi"], "info": info, "paths": paths, "components": components}


def without(node: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return `node` without examples; a property that happens to be called so stays."""
    if isinstance(node, list):
        return [without(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: without(schema) for name, schema in value.items()} if key == "properties" else without(value)
        for key, value in node.items()
        if key not in _LEFT_OUT
    }


def references(node: Any) -> Iterator[str]:  # noqa: ANN401  any JSON value
    """Yield every local reference in `node`."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from references(value)


if __name__ == "__main__":
    main()
