"""Simulates how GitHub's runner runs the steps of a job: conditions, outcomes and outputs.

The few scripts of the called workflow run as they are; of actions it is enough to know their outputs. An output's value
is its own name: `build.candidate` is the artifact of step `candidate` of job `build`.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests import step_outputs
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from tests.judges.judge import Judge
    from tests.judges.scenario import Ending

TEMP = "/temp"
OWN = "$/"


@dataclass
class Job:
    """A job that ran. Any part of it can be evaluated with the contexts that the job had at its end."""

    judge: Judge
    tree: Mapping[str, Any]
    contexts: dict[str, Any]
    result: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)

    def text(self, *path: str) -> str:
        """Return the text at `path` in the job, like `concurrency`, `group`; empty where there is nothing."""
        return self._at(self.tree, path)

    def step(self, name: str, *path: str) -> str:
        """Return the text at `path` in the step with this name or id."""
        (tree,) = (each for each in self.tree["steps"] if name in (each.get("id"), each.get("name")))
        return self._at(tree, path)

    def takes(self) -> list[str]:
        """Return the ids of the artifacts that the job downloads, in order, without `0`, which is no artifact."""
        lists = (self._at(step, ("with", "artifact-ids")) for step in self.tree["steps"] if self.ran(step))
        return [word for ids in lists for word in re.findall(r"[^\s,]+", ids) if word != "0"]

    def ran(self, step: Mapping[str, Any]) -> bool:
        """Return whether `step` ran."""
        return bool(self.contexts["steps"][label(step)]["outcome"] != "skipped")

    def evaluated(self, node: Any) -> str:  # noqa: ANN401  what YAML gives
        """Return the text of a value that may be an expression."""
        if isinstance(node, dict):
            return self.judge.evaluate(node["$"], self.contexts).text
        return "" if node is None else str(node)

    def _at(self, node: Any, path: tuple[str, ...]) -> str:  # noqa: ANN401  what YAML gives
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        return self.evaluated(node)


def perform(judge: Judge, name: str, tree: Mapping[str, Any], contexts: dict[str, Any], ending: Ending) -> Job:
    """Run the steps of the job `name`, which ends as `ending` says, and evaluate its outputs."""
    known = {**contexts, "steps": {}, "job": {"check_run_id": name}, "runner": {"temp": TEMP}}
    job = Job(judge, tree, known)
    known["env"] = {**known["env"], **{key: job.evaluated(value) for key, value in tree.get("env", {}).items()}}
    of_matrix = "".join(f"@{value}" for key, value in known["matrix"].items() if key == "platform")
    failing = ending.step or _main_step(tree["steps"])
    did_work = False  # an upload finds files once a stage of ours ran
    for step in tree["steps"]:
        if not judge.holds(step, known, _status(job.result)):
            known["steps"][label(step)] = {"outcome": "skipped", "conclusion": "skipped", "outputs": {}}
            continue
        is_failing = failing == step.get("id") or step.get("name", "").startswith(failing)
        outcome = ending.outcome if is_failing else "success"
        did_work |= step.get("uses", "").startswith(OWN)
        own_name = f"{name}.{label(step)}{of_matrix}"
        outputs, code = _outputs(job, own_name, step, outcome, ending.verdict, did_work=did_work)
        outcome = "failure" if code else outcome
        conclusion = "success" if step.get("continue-on-error") else outcome
        known["steps"][label(step)] = {"outcome": outcome, "conclusion": conclusion, "outputs": outputs}
        job.result = conclusion if job.result == "success" else job.result
    job.outputs = {key: job.text("outputs", key) for key in tree.get("outputs", {})}
    return job


def _main_step(steps: list[Mapping[str, Any]]) -> str:
    """Return the main step of a job: the first that uses an action of ours, else the last."""
    main = next((step for step in steps if step.get("uses", "").startswith(OWN)), steps[-1])
    return label(main)


def label(step: Mapping[str, Any]) -> str:
    """Return the id of the step, else its name."""
    return str(step.get("id") or step.get("name"))


def _status(result: str) -> dict[str, bool]:
    return {
        "success": result == "success", "failure": result == "failure", "cancelled": result == "cancelled",
        "always": True,
    }  # fmt: skip


def _outputs(
    job: Job, own_name: str, step: Mapping[str, Any], outcome: str, verdict: str, *, did_work: bool
) -> tuple[dict[str, str], int]:
    """Return the outputs of the step `own_name`, and the exit code of a script."""
    if "run" in step:
        return _script(job, step) if outcome == "success" else ({}, 0)
    uses = str(step["uses"])
    if uses.startswith("actions/upload-artifact@"):
        return ({"artifact-id": own_name} if did_work and outcome == "success" else {}), 0
    if not uses.startswith(OWN):
        return {}, 0
    declared = _declared(uses)
    # A gate that blocks sets its verdict before it fails. Every other failure sets the evidence only.
    has_verdict = "verdict" in declared and (outcome == "success" or verdict == "block")
    outputs = {key: f"{key} of {own_name}" for key in declared if outcome == "success" or key == "evidence"}
    return outputs | ({"verdict": verdict} if has_verdict else {}), 0


@functools.cache
def _declared(uses: str) -> frozenset[str]:
    return frozenset(yaml.safe_load((ROOT / uses.removeprefix(OWN) / "action.yml").read_text()).get("outputs", ()))


def _script(job: Job, step: Mapping[str, Any]) -> tuple[dict[str, str], int]:
    own = {key: job.evaluated(value) for key, value in step.get("env", {}).items()}
    return _ran(step["run"], tuple({**job.contexts["env"], **own}.items()))


@functools.cache
def _ran(script: str, variables: tuple[tuple[str, str], ...]) -> tuple[dict[str, str], int]:
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "output"
        output.touch()
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], cwd=name, check=False, capture_output=True, timeout=20,
            env={"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(output), **dict(variables)},
        )  # fmt: skip
        return step_outputs.read(output), done.returncode
