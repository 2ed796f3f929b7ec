"""A copy of the platform's repository that `act` can run: as it is, but for what act does not know yet.

Its runs believe what this machine keeps, as no run of the platform does: else each job would build every program again.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import yaml

from tests import repository
from tests.attacks.attack import Edit
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SLUG = "mikeybeezy/goldenpath-idp-infra"
STAND_INS = ROOT / "tests" / "e2e" / "stand_ins"
TEMPLATES = ROOT / "docs" / "templates" / "workflows"
CALLER = TEMPLATES / "delivery.yml"
# How the templates name the registry.
OWN_NAME = "${{ github.event.repository.name }}"
# act 0.2.89 gives all jobs of a matrix the outputs of the first one that ended. So each leaves its own in a file, which
# the job that needs them reads.
_OF_MATRIX = '"$KEY-evidence=$EVIDENCE" >> "$GITHUB_OUTPUT"'
_LEFT = '"$KEY-evidence=$EVIDENCE" >> "$STAND_IN_ARTIFACTS/.outputs-of-the-matrix"'
# Two jobs of a matrix at once are data races in act 0.2.89 (Go's race detector lists ten): now and then act just ends.
_STRATEGY = re.compile(r"^( *)strategy:(\n\1  | \{)", re.MULTILINE)
_TAKING = "      - name: Take the image of each platform\n"
_READING = """      - name: Read the outputs of the matrix (only under act)
        id: matrix
        shell: bash
        run: cat "$STAND_IN_ARTIFACTS/.outputs-of-the-matrix" >> "$GITHUB_OUTPUT" || true
"""
# act 0.2.89 knows neither the self-repository syntax (GitHub, July 2026), nor larger queues (GitHub, May 2026), nor
# `cache-mode` (GitHub, September 2026). It gives a job no number: the image's name tells the artifacts of one call
# from those of another. Nor does it know of which commit a called workflow is: that of the branch its caller names.
_SELF = re.compile(r"(?<=uses: )\$/(\S+)")
_UNKNOWN = re.compile(r"^ *(queue: max|cache-mode: [a-z-]+)\b.*\n", re.MULTILINE)
# The project's own checks: nobody calls them, and no test runs them.
NOT_RUN = {"bump.yml", "ci.yml", "e2e.yml", "release.yml"}
_TRUST = {
    "src/goldenpath/shared/runner.py": 'return not (in_actions() and os.environ.get("RUNNER_TEMP"))',
    "bin/environment": 'return not (os.environ.get("GITHUB_ACTIONS") == "true" and os.environ.get("RUNNER_TEMP"))',
}
# Our double of GitHub may be written to at any time, and has read a SARIF file at once.
_PAUSES = (
    ("src/goldenpath/shared/github_api.py", "SECONDS_BETWEEN_WRITES = 1.0", "SECONDS_BETWEEN_WRITES = 0"),
    ("src/goldenpath/delivery/github/code_scanning.py", "_FIRST_PAUSE = 0.1", "_FIRST_PAUSE = 0.01"),
)
_JOB = "job.check_run_id"
_OF_WORKFLOW, DEFAULT_BRANCH = "job.workflow_sha", "main"
_COPIED_BY_ACT = {".github", "actions"}
# All folders that a delivery takes something from.
DELIVERY = frozenset({*_COPIED_BY_ACT, "bin", "locks", "src"})
# Name and commit; `actions/cache` has several actions in folders.
GITHUBS_OWN = re.compile(r"actions/(?P<name>[a-z-]+)(?P<folder>(?:/[a-z-]+)?)@(?P<commit>[0-9a-f]{40})")


def make(folder: Path, *, whole: bool = False) -> Path:
    """Copy this checkout into the new `folder`, changed so that `act` can run it; not `whole`, what a delivery needs.

    Only a whole one can be a git repository that jobs check out: all but the tests, which are half of the files. See
    `served` for what runs take actions from.
    """
    copied(folder, lambda name: name != "tests" if whole else name in DELIVERY)
    for workflow in (folder / ".github" / "workflows").glob("*.yml"):
        workflow.write_text(adapted(workflow.read_text()))
    for name, rule in _TRUST.items():
        Edit(name, rule, "return True").apply(folder)
    for name, usual, quick in _PAUSES:
        Edit(name, usual, quick).apply(folder)
    return folder


def served(folder: Path, place: Path) -> Path:
    """Return the new folder `place`: the workflows and actions of the copy in `folder`, and links to the rest of it.

    act copies the repository of an action for each step of each job, which would be most of the work of a run.
    """
    place.mkdir()
    for path in folder.iterdir():
        if path.name in _COPIED_BY_ACT:
            shutil.copytree(path, place / path.name)
        elif path.name == "action.yml":
            shutil.copy(path, place)
        elif path.name != ".git":
            (place / path.name).symlink_to(path)
    return place


def copied(folder: Path, has: Callable[[str], bool]) -> Path:
    """Copy the files of this repository into the new `folder`: of its folders only those that `has` names."""
    for name in repository.files():
        if "/" not in name or has(name.partition("/")[0]):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def adapted(workflow: str) -> str:
    """Return the text of `workflow` with what act does not know said in the way it knows."""
    named = _UNKNOWN.sub("", _SELF.sub(rf"{SLUG}/\1@main", workflow)).replace(_JOB, "inputs.ecr_repository")
    named = named.replace(_OF_WORKFLOW, f"'refs/heads/{DEFAULT_BRANCH}'")
    left = one_at_a_time(named).replace(_OF_MATRIX, _LEFT).replace(_TAKING, _READING + _TAKING)
    return left.replace("needs.platform.outputs.", "steps.matrix.outputs.")


def one_at_a_time(workflow: str) -> str:
    """Return the text of `workflow` with the jobs of each matrix one after another."""

    def limited(found: re.Match[str]) -> str:
        return f"{found[0]}max-parallel: 1{', ' if '{' in found[2] else found[2]}"

    return _STRATEGY.sub(limited, workflow)


def repositories(folder: Path) -> dict[str, Path]:
    """Return the folder for each `owner/name@ref` that a run of the copy in `folder` asks for."""
    pinned = {
        f"actions/{pin['name']}@{pin['commit']}": STAND_INS / pin["name"]
        for workflow in (folder / ".github" / "workflows").glob("*.yml")
        if workflow.name not in NOT_RUN
        for pin in GITHUBS_OWN.finditer(workflow.read_text())
    }
    return {f"{SLUG}@main": folder, **pinned}


def untested_inputs(workflow: Path) -> set[str]:
    """Return what `workflow` gives to GitHub's own actions that their stand-ins know nothing of."""
    return {
        f"{name}: {key}"
        for step in _steps(yaml.safe_load(workflow.read_text()))
        if (name := _githubs_own(step)) and (STAND_INS / name).is_dir()
        for key in set(step.get("with", {})) - set(_declared(name))
    }


def _steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job.get("steps", ())


def _githubs_own(step: dict[str, Any]) -> str:
    found = GITHUBS_OWN.match(step.get("uses", ""))
    return f"{found['name']}{found['folder']}" if found else ""


def _declared(name: str) -> dict[str, Any]:
    declared: dict[str, Any] = yaml.safe_load((STAND_INS / name / "action.yml").read_text())["inputs"]
    return declared
