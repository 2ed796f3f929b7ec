"""What `act` does not look at: the workflows hold up before linters, and their parts fit together as GitHub asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.tools import process
from goldenpath.tools.toolchain import Toolchain
from tests.e2e import platform_copy
from tests.tools.command import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CALLED = ROOT / ".github" / "workflows" / "_build-and-release.yml"
# actionlint 1.7.12 is older than both.
NOT_KNOWN_YET = (r'specifying action "\$/', r'unexpected key "queue" for "concurrency"')


def read(path: Path) -> dict[Any, Any]:
    tree: dict[Any, Any] = yaml.safe_load(path.read_text())
    return tree


@pytest.mark.tools
def test_actionlint_has_nothing_to_say() -> None:
    program = Toolchain.load().provide("actionlint").path
    ignored = [word for pattern in NOT_KNOWN_YET for word in ("-ignore", pattern)]
    process.run(
        program, "-no-color", "-shellcheck=", "-pyflakes=", *ignored, *WORKFLOWS, platform_copy.CALLER, timeout=60
    )


@pytest.mark.tools
def test_zizmor_finds_nothing_unsafe() -> None:
    program = Path(sys.executable).with_name("zizmor")
    places = (ROOT / ".github" / "workflows", ROOT / "actions", ROOT / "action.yml")
    process.run(program, "--offline", "--no-progress", "--persona=pedantic", "--format=plain", *places, timeout=60)


def test_the_caller_grants_what_the_called_jobs_need_and_no_more() -> None:
    """GitHub refuses to start a run whose caller grants less, whatever the jobs' conditions say."""
    (granted,) = (job["permissions"] for job in read(platform_copy.CALLER)["jobs"].values())
    needed = [job["permissions"] for job in read(CALLED)["jobs"].values()]
    assert granted == {name: level for each in needed for name, level in each.items()}


def test_the_caller_gives_inputs_that_the_called_workflow_takes() -> None:
    (job,) = read(platform_copy.CALLER)["jobs"].values()
    assert job["uses"] == f"{platform_copy.SLUG}/{CALLED.relative_to(ROOT)}@main"
    taken = read(CALLED)[True]["workflow_call"]["inputs"]  # YAML 1.1 reads `on` as true
    assert {name for name, each in taken.items() if each.get("required")} <= set(job["with"]) <= set(taken)


def test_the_stand_ins_honour_every_input_that_the_workflow_gives() -> None:
    assert platform_copy.untested_inputs(CALLED) == set()
    assert all(folder.is_dir() for folder in platform_copy.repositories(ROOT).values())
