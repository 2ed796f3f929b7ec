"""Whose code the jobs with a role run: that of the run's own commit, never that of a checkout which is only data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.environments import ROLE_SECRETS

WORKFLOWS = Path(__file__).resolve().parents[2] / ".github" / "workflows"
ON_PUSH = (WORKFLOWS / "ecr-auto-apply.yml").read_text()
APPLY = (WORKFLOWS / "_apply-registries.yml").read_text()
# The commit of a called workflow's own file; a runner that does not know it gets no commit at all.
OF_WORKFLOW = f"${{{{ job.workflow_sha || '{'0' * 40}' }}}}"
# A word of a script that names a file of a checkout: with a slash in it, not as the value of an option.
_OPTION = re.compile(r"--(checkout|trusted)[ =]\S+")
_PLACE = re.compile(r"(?<![\w$./{-])(?:\./)?([\w.-]+)/[\w./-]+")


def untrusted(text: str) -> list[str]:
    """Return every step of the workflow `text`, in a job with a role or an environment, that runs what is only data."""
    workflow = yaml.safe_load(text)
    events = workflow[True]  # YAML 1.1 reads `on` as true
    jobs = {name: job for name, job in workflow["jobs"].items()
            if "environment" in job or job.get("permissions", {}).get("id-token")}  # fmt: skip
    return [f"{name}: {step['name']}" for name, job in jobs.items() for step in job.get("steps", ())
            if set(folders(step)) & set(only_data(job, events))]  # fmt: skip


def only_data(job: dict[str, Any], events: Any) -> Iterator[str]:  # noqa: ANN401  any form of `on`
    """Yield the folder of every checkout of `job` that is not of the workflow's own commit."""
    for folder, ref in checkouts(job):
        if not is_own(ref, events, guarded="environment" in job):
            yield folder


def checkouts(job: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the folder (`.` for the workspace itself) and the ref of every checkout of `job`."""
    for step in job.get("steps", ()):
        if step.get("uses", "").startswith("actions/checkout@"):
            given = step.get("with", {})
            yield given.get("path", "."), given.get("ref", "")


def is_own(ref: str, events: Any, *, guarded: bool) -> bool:  # noqa: ANN401  any form of `on`
    """Tell whether `ref` is what the workflow itself comes from, or a branch that only reviews lead into."""
    # To a called workflow the run's commit is that of its caller.
    own = {OF_WORKFLOW} if "workflow_call" in events else {"${{ github.sha }}", ""}
    return ref in own or (ref == "development" and not guarded)


def folders(step: dict[str, Any]) -> Iterator[str]:
    """Yield the folder of every file that `step` runs; `.` for one that may be anywhere in the workspace."""
    if step.get("uses", "").startswith("./"):
        yield step["uses"].removeprefix("./").partition("/")[0]
        yield "."
    for found in _PLACE.finditer(_OPTION.sub("", step.get("run", ""))):
        yield found[1]
        yield "."
    if "working-directory" in step:
        yield step["working-directory"].partition("/")[0]


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.name)
def test_a_job_with_a_role_runs_the_code_of_its_own_commit(path: Path) -> None:
    assert untrusted(path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("run: exec platform/bin/goldenpath registry apply", "run: exec merged/bin/goldenpath registry apply"),
        ("run: exec platform/bin/goldenpath registry apply", "working-directory: merged\n        run: exec registry"),
        (f"ref: {OF_WORKFLOW}", "ref: ${{ github.sha }}"),
        (f"ref: {OF_WORKFLOW}", "ref: ${{ job.workflow_sha }}"),
        (f"ref: {OF_WORKFLOW}", "ref: development"),
        (f"          ref: {OF_WORKFLOW}\n", ""),
    ],
)
def test_a_workflow_that_runs_what_was_merged_is_found(old: str, new: str) -> None:
    assert old in APPLY
    assert untrusted(APPLY.replace(old, new)) == ["apply: apply-merged"]


def test_the_job_that_applies_is_given_one_environment() -> None:
    jobs = yaml.safe_load(APPLY)["jobs"]
    chosen = "matrix.environment"
    named = f"format('registry-apply-{{0}}', {chosen})"
    assert jobs["apply"]["environment"] == f"${{{{ {chosen} && {named} || '' }}}}"
    (step,) = (each for each in jobs["apply"]["steps"] if each["name"] == "apply-merged")
    given = {name: value for name, value in step["env"].items() if name.startswith("TF_AWS_")}
    assert given == {
        role: f"${{{{ {chosen} == '{name}' && secrets.{role} || '' }}}}" for name, role in ROLE_SECRETS.items()
    }


def test_what_a_push_starts_only_calls_the_workflow_of_the_default_branch() -> None:
    """The pushed commit brings this file, so it may decide nothing; the roles trust the called one by its name."""
    workflow = yaml.safe_load(ON_PUSH)
    assert workflow[True] == {"push": {"branches": ["development"]}}  # YAML 1.1 reads `on` as true
    (job,) = workflow["jobs"].values()
    assert set(job) == {"name", "permissions", "uses", "secrets"}
    assert job["uses"] == "mikeybeezy/goldenpath-idp-infra/.github/workflows/_apply-registries.yml@main"
    needed = [each["permissions"] for each in yaml.safe_load(APPLY)["jobs"].values()]
    assert job["permissions"] == {name: level for each in needed for name, level in each.items()}


def test_no_workflow_runs_on_an_event_that_github_blocks_by_default() -> None:
    events = {path.name: set(yaml.safe_load(path.read_text())[True]) for path in WORKFLOWS.glob("*.yml")}
    assert [name for name, each in events.items() if each & {"pull_request_target", "workflow_run"}] == []


def test_applies_of_one_environment_run_one_at_a_time_and_none_is_left_out() -> None:
    job = yaml.safe_load(APPLY)["jobs"]["apply"]
    group = "registry-apply-${{ matrix.environment }}"
    assert job["concurrency"] == {"group": group, "cancel-in-progress": False, "queue": "max"}
    assert job["strategy"]["fail-fast"] is False


def test_the_job_that_looks_first_holds_no_role() -> None:
    job = yaml.safe_load(APPLY)["jobs"]["find"]
    assert "environment" not in job
    assert "id-token" not in job["permissions"]
    assert "secrets." not in str(job)


def test_what_decides_has_owners() -> None:
    listed = (WORKFLOWS.parent / "CODEOWNERS").read_text()
    owned = {line.split()[0]: line.split()[1:] for line in listed.splitlines() if line and not line.startswith("#")}
    assert set(owned) == {
        "/.github/", "/actions/", "/action.yml", "/bin/", "/src/", "/modules/", "/locks/", "/dev/", "/scripts/",
        "/envs/", "/pyproject.toml", "/Dockerfile", "/Makefile", "/docs/templates/",
    }  # fmt: skip
    assert all(owned.values())
