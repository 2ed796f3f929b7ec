"""The `goldenpath` command as a user runs it, and how what it said is read."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import runner_variables
from tests.tools import prepared

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
_COMMAND = (sys.executable, "-I", str(ROOT / "tests" / "tools" / "trusting.py"))
# The user's own engine and builders, which the tests look for and a run in a test is told of.
_OF_THE_ENGINE = re.compile(r"(DOCKER|BUILDX|BUILDKIT)_")
_ERROR = re.compile(
    r"^error\[(?P<code>[a-z-]+)\]: (?P<what>.*?)(?:\n  why: (?P<why>.*?))?\n  do:  (?P<fix>.*?)\n  more: [^\n]*\n",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Ended:
    """A run that ended: its exit `code`, and all that it printed."""

    code: int
    text: str

    @property
    def error(self) -> dict[str, str]:
        """The one error it told: code, what, why, fix."""
        found = list(_ERROR.finditer(self.text + "\n"))
        assert len(found) == 1, self.text
        return {name: text or "" for name, text in found[0].groupdict().items()}

    def ok(self) -> Ended:
        """Return itself, having ended well."""
        assert self.code == 0, self.text
        return self


@dataclass(frozen=True)
class Command:
    """The real command in a process of its own, in an environment that leads it to the emulator.

    Its programs are those that the tests share (`tests.tools.trusting`).
    """

    variables: Mapping[str, str]
    words: tuple[str, ...] = _COMMAND

    def run(self, *words: object, more: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ended:
        """Run it to its end, in a process that begins with its modules loaded where nothing speaks against it."""
        variables = {**self.variables, **(more or {})}
        request = prepared.Request([*map(str, words)], variables, str(cwd or Path.cwd()))
        forks = prepared.prepared(request) if self.words == _COMMAND else None
        if forks is None:
            return self.run_from_its_start(*words, more=more, cwd=cwd)
        code, printed = forks.run(request, PATIENCE)
        return Ended(code, printed.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))

    def run_from_its_start(
        self, *words: object, more: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Ended:
        """Run it to its end as a program that loads its modules itself."""
        child = self.start(*words, more=more, cwd=cwd)
        try:
            text, _ = child.communicate(timeout=PATIENCE)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.communicate()
        return Ended(child.returncode, text)

    def start(
        self, *words: object, more: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start it, in a process group of its own."""
        return subprocess.Popen(
            [*self.words, *map(str, words)],
            env={**self.variables, **(more or {})},
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        )


def surroundings(*more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process without anything that would lead a run elsewhere, and `more`."""
    kept = {name: value for name, value in os.environ.items() if not _OF_THE_ENGINE.match(name)}
    runner_variables.remove(kept)  # a test may have set some for this process
    quick = {"AWS_EC2_METADATA_DISABLED": "true", "COLUMNS": "400"}
    return {name: value for variables in (kept, quick, *more) for name, value in variables.items()}


def evidence(work: WorkFolder) -> dict[str, str]:
    """Return the variable by which a stage of a workflow run takes what the stages before it put out as `evidence`."""
    stages = ("gitleaks-gate", "build", "trivy-gate", "sbom", "ecr-push")
    return {"GOLDENPATH_EVIDENCE": "\n".join(work.left_by(stage).line for stage in stages)}


def texts_below(folder: Path) -> dict[Path, bytes]:
    """Return the content of every file below `folder`."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def digests(work: WorkFolder) -> dict[str, Any]:
    """Return the digest that each file of a delivery names, by the file that names it."""

    def read(path: Path) -> Any:  # noqa: ANN401
        return json.loads(path.read_bytes())

    spdx = read(work.spdx)["packages"]
    return {
        "candidate.json": read(work.candidate)["digest"],
        "candidate/": read(work.layout / "index.json")["manifests"][0]["digest"],
        "trivy.json": read(work.path / "trivy.json")["subject"],
        "trivy.verdict.json": read(work.path / "trivy.verdict.json")["subject"],
        "trivy.sarif": read(work.path / "trivy.sarif")["runs"][0]["properties"]["subject"],
        "sbom.spdx.json": next(p["versionInfo"] for p in spdx if p.get("primaryPackagePurpose") == "CONTAINER"),
        "sbom.cdx.json": read(work.cyclonedx)["metadata"]["component"]["version"],
        "receipt.json": read(work.receipt)["digest"],
    }
