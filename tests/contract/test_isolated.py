"""No step starts Python as the folder, the user or a variable would have it, and none keeps its variables behind us."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STARTERS = sorted(
    path
    for pattern in ("Makefile", "Dockerfile", "bin/*", "scripts/*", "action.yml", "actions/*/action.yml")
    for path in (*ROOT.glob(pattern), *ROOT.glob(f".github/workflows/{pattern}"))
    if path.is_file()
) + sorted(ROOT.glob(".github/workflows/*.yml"))
# `python3` where a shell, make or a kernel would take it for a program to start.
_STARTED = re.compile(r"""(?:^|[\s(@/"'])python3(?= )(?! -I\b)|^#!.*python3$""", re.MULTILINE)
_COMMENT = re.compile(r"^\s*#(?!!).*$", re.MULTILINE)


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_is_started_isolated(path: Path) -> None:
    assert _STARTED.findall(_COMMENT.sub("", path.read_text())) == []


@pytest.mark.parametrize(
    "path", sorted([ROOT / "action.yml", *ROOT.glob("actions/*/action.yml")]), ids=lambda path: path.parent.name
)
def test_an_action_leaves_no_shell_behind_that_has_its_variables(path: Path) -> None:
    runs = [step["run"] for step in yaml.safe_load(path.read_text())["runs"]["steps"] if "run" in step]
    assert runs
    assert all(run.startswith('exec "$GITHUB_ACTION_PATH') for run in runs)


def test_nor_does_a_workflow_of_the_registries() -> None:
    found = 0
    for path in [*ROOT.glob(".github/workflows/*ecr*.yml"), ROOT / ".github/workflows/_apply-registries.yml"]:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for run in (step.get("run", "") for step in job.get("steps", ())):
                if "bin/goldenpath" in run:
                    found += 1
                    assert run.startswith("exec ")
    assert found >= 5
