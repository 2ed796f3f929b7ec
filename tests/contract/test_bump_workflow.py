"""bump.yml gives no job two powers: to start a new program, and to write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dev import bump

from goldenpath.shared.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
JOBS: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / ".github" / "workflows" / "bump.yml").read_text())["jobs"]


def steps_of(name: str) -> set[str]:
    """Return the commands of dev/bump.py that the job `name` runs."""
    scripts = "\n".join(step.get("run", "") for step in JOBS[name]["steps"])
    return set(re.findall(r"dev/bump\.py ([a-z]+)", scripts))


def test_each_job_runs_the_one_command_of_its_name() -> None:
    assert {name: steps_of(name) for name in JOBS} == {name: {name} for name in ("pin", "try", "propose")}


def test_the_job_that_starts_new_programs_can_read_and_is_given_no_token() -> None:
    assert JOBS["try"]["permissions"] == {"contents": "read"}
    assert not re.search(r"github\.token|GITHUB_TOKEN|GH_TOKEN|secrets\.", str(JOBS["try"]))


def test_only_the_job_that_proposes_can_write() -> None:
    can_write = {
        name: [key for key, level in job["permissions"].items() if level == "write"] for name, job in JOBS.items()
    }
    assert can_write == {"pin": [], "try": [], "propose": ["contents", "pull-requests"]}


def test_no_stored_key_is_used() -> None:
    assert "secrets." not in str(JOBS)


def test_the_tables_that_are_proposed_are_those_of_the_job_that_checked_them() -> None:
    taken = [
        step["with"]["artifact-ids"] for step in JOBS["propose"]["steps"] if "artifact-ids" in step.get("with", {})
    ]
    assert taken == ["${{ needs.pin.outputs.pinned || '0' }}", "${{ needs.try.outputs.trials || '0' }}"]
    (proposing,) = [step for step in JOBS["propose"]["steps"] if "propose" in step.get("run", "")]
    assert proposing["env"]["TOOLS"].startswith("${{ needs.pin.outputs.tools }}")
    assert proposing["run"].endswith('dev/bump.py propose "$RUNNER_TEMP/pinned" "$RUNNER_TEMP/trials"')


@pytest.mark.parametrize("words", [["pin", "a"], ["propose", "a", "b"]])
def test_a_command_that_needs_a_token_says_so(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with pytest.raises(BadInput, match="GITHUB_TOKEN is empty"):
        bump.main(words)


@pytest.mark.parametrize("words", [[], ["pin"], ["propose", "a"], ["release", "a"]])
def test_a_command_that_is_not_one_of_these_is_answered_with_how_it_is_used(words: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"python dev/bump\.py pin FOLDER"):
        bump.main(words)
