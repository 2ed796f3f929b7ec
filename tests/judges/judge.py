"""One process of GitHub's own code for a whole test run: it judges files, parses workflows and evaluates expressions.

The npm packages are pinned with their hashes in `package-lock.json`, bundled once into one file, and stored in the
project's cache folder under a hash of all sources.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goldenpath.shared import names, runner
from tests import npm
from tests.tools.command import ROOT

SOURCES = tuple(Path(__file__).with_name(name) for name in ("package.json", "package-lock.json", "judge.mjs"))
REPOSITORY = names.PLATFORM


@dataclass(frozen=True)
class Value:
    """The result of an expression: its `value`, the `text` that GitHub inserts, and whether it `holds` as an `if`."""

    value: Any
    text: str
    holds: bool


@dataclass(frozen=True)
class Judge:
    """The running process. It resolves references to this repository in the checkout that it was started with.

    A response depends on the request only, so each request is sent once.
    """

    process: subprocess.Popen[str]
    responses: dict[str, Any] = field(default_factory=dict, repr=False)

    def judge(self, path: str, text: str) -> list[str]:
        """Return the errors and warnings of GitHub's language service for the workflow or action `text` at `path`."""
        return list(self._request({"judge": {"path": path, "text": text}}))

    def read(self, text: str) -> dict[str, Any]:
        """Return the workflow as GitHub parses it. An expression is `{"$": expression}`, also one within a string."""
        tree: dict[str, Any] = self._request({"read": text})
        return tree

    def evaluate(self, expression: str, contexts: dict[str, Any], status: dict[str, bool] | None = None) -> Value:
        """Return the value of `expression`; `status` holds the results of the status functions, like `success`."""
        request = {"expression": expression, "contexts": json.dumps(contexts), "status": status}
        response = self._request({"evaluate": request})
        return Value(response["value"], response["text"], response["true"])

    def holds(self, tree: Mapping[str, Any], contexts: dict[str, Any], status: dict[str, bool]) -> bool:
        """Return whether the job or step `tree` runs; without an `if` it does when everything before it succeeded."""
        return self.evaluate(tree["if"]["$"], contexts, status).holds if "if" in tree else status["success"]

    def _request(self, request: dict[str, Any]) -> Any:  # noqa: ANN401  what JSON gives
        line = json.dumps(request)
        if line not in self.responses:
            self.responses[line] = self._response(line)
        return self.responses[line]

    def _response(self, line: str) -> Any:  # noqa: ANN401  what JSON gives
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        response = json.loads(self.process.stdout.readline() or '{"error": "the judge ended"}')
        if "error" in response:
            raise ValueError(response["error"])
        return response["result"]


@contextlib.contextmanager
def opened(root: Path = ROOT) -> Iterator[Judge]:
    """Start the judge for the checkout `root`, installing it first where it is missing; stop it at the end."""
    command = [str(npm.NODE), str(bundle()), str(root), REPOSITORY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Judge(process)
        assert process.stdin is not None
        process.stdin.close()


def bundle() -> Path:
    """Return the bundle of GitHub's code and ours, built first when it is not in the cache."""
    return npm.kept("judges", SOURCES, _bundled)


def _bundled(folder: Path) -> Path:
    """Bundle what is used of the packages in `folder`.

    Node cannot import the packages as they are: they import JSON files and have paths without a suffix.
    """
    esbuild = folder / "node_modules" / "esbuild" / "bin" / "esbuild"
    npm.node(folder, esbuild, "judge.mjs", "--bundle", "--platform=node", "--outfile=judge.cjs", "--log-level=warning")
    return folder / "judge.cjs"


if __name__ == "__main__":
    runner.tell(f"✓ GitHub's judges {bundle()}")
