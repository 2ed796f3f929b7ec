"""Which job of a workflow may do what: the rules of docs/adr/0010-evidence.md, held against the workflow's own text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from goldenpath.delivery import pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.stage import Stage

STAGES = {each.name: each for each in (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE)}
OUR_OWN = "ubuntu-latest"
_ACTION = "$/actions/"
_CHECKOUT = "actions/checkout@"
_DOWNLOAD = "actions/download-artifact@"
# The app's own token for its submodules, for the step that checks out alone.
_OF_THE_CHECKOUT = "${{ secrets.SUBMODULES_TOKEN || github.token }}"
# The app's own secrets, for its build alone.
_OF_THE_BUILD = re.compile(r"secrets\.BUILD_(?:SECRETS|SSH_KEY)\b")
# Whether the app gave any, which decides about the build cache.
_WHETHER = re.compile(r"secrets\.(?:BUILD_SECRETS|BUILD_SSH_KEY|SUBMODULES_TOKEN) != ''")
_CACHE = "actions/cache"
# Which job takes or leaves a cache, and when (docs/adr/0037-build-cache.md). What is taken is unpacked unchecked.
_TAKING = (
    "needs.gitleaks-gate.outputs.build_cache", "inputs.private_bases == ''", "env.HAS_SECRETS == 'false'",
    "runner.environment != 'self-hosted'",
)  # fmt: skip
_LEAVING = ("needs.gitleaks-gate.outputs.build_cache == 'write'", "steps.build.outputs.build_cache_digest")
# `secrets.X`, `toJSON(secrets)`, the run's own token.
_CREDENTIAL = re.compile(r"\bsecrets\b|github\.token|toJSON\(github\)", re.IGNORECASE)
# What may run code of the app, and so decides nothing.
_BUILDS = {"build"}
_UNTRUSTED = re.compile(r"needs\.(build|platform)\.outputs\.[a-z0-9-]*evidence")
_QUOTED = re.compile(
    r"(?:build|linux/[a-z0-9/]+): \$\{\{ toJSON\((?:needs\.build\.result != 'skipped' && )?"
    r"needs\.(build|platform)\.outputs\.[a-z0-9-]*evidence"
)


def problems(workflow: str) -> list[str]:
    """Return every rule that the text of a `workflow` breaks, a sentence each, beginning with the job's name."""
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(workflow)["jobs"]
    return [f"{name}: {each}" for name, job in jobs.items() for each in _of_job(job)]


def _of_job(job: dict[str, Any]) -> Iterator[str]:
    steps: list[dict[str, Any]] = job.get("steps", [])
    stages = [STAGES[name] for step in steps if (name := _stage(step))]
    yield from (each for step in steps for each in _of_download(step))
    yield from (each for step in steps for each in _of_stage(step))
    yield from _of_caches(job, steps, stages)
    if any(stage.name not in _BUILDS for stage in stages) and job.get("runs-on") != OUR_OWN:
        yield f"{', '.join(each.name for each in stages)} run on {job.get('runs-on')}, which the caller chooses"
    if _runs_the_app(steps, stages):
        if [stage for stage in stages if stage.name not in _BUILDS]:
            yield "it runs code of the app, and decides"
        others = _OF_THE_BUILD.sub("", _WHETHER.sub("", _others(job, steps)))
        if "write" in job.get("permissions", {}).values() or _CREDENTIAL.search(others):
            yield "it runs code of the app, and holds credentials"
        if any(_keeps_token(step) for step in steps):
            yield "it runs code of the app, and its checkout keeps the token"
    elsewhere = [{**job, "steps": []}, *(step for step in steps if _stage(step) not in _BUILDS)]
    if _OF_THE_BUILD.search(_WHETHER.sub("", str(elsewhere))):
        yield "it gives the app's build secrets to something else than the build"
    if "write" in job.get("permissions", {}).values() and "inputs.context_artifact_id" in str(steps):
        yield "it takes what an earlier job of the caller built, and holds credentials"
    text = str([job.get("outputs"), *(step.get("with") for step in steps)])
    if len(_UNTRUSTED.findall(text)) != len(_QUOTED.findall(text)):
        yield "evidence of a job that runs code of the app is not quoted behind a label"


def _of_caches(job: dict[str, Any], steps: list[dict[str, Any]], stages: list[Stage]) -> Iterator[str]:
    if not stages:
        return
    used = [step for step in steps if step.get("uses", "").startswith(_CACHE)]
    only_builds = all(stage.name in _BUILDS for stage in stages)
    if (used or job.get("cache-mode", "none") != "none") and not only_builds:
        yield "it may use GitHub's cache, and does more than build"
    for step in used:
        demanded = _LEAVING if step["uses"].startswith(f"{_CACHE}/save@") else _TAKING
        if missing := [each for each in demanded if each not in step.get("if", "")]:
            yield f"it uses GitHub's cache without asking {missing[0]}"


def _others(job: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    """Return the text of the job without the tokens of the steps that check out."""
    return str({**job, "steps": [_without_token(step) for step in steps]})


def _without_token(step: dict[str, Any]) -> dict[str, Any]:
    given = step.get("with", {})
    its_own = step.get("uses", "").startswith(_CHECKOUT) and given.get("persist-credentials") is False
    if not its_own or given.get("token") != _OF_THE_CHECKOUT:
        return step
    return {**step, "with": {name: value for name, value in given.items() if name != "token"}}


def _of_download(step: dict[str, Any]) -> Iterator[str]:
    if not step.get("uses", "").startswith(_DOWNLOAD):
        return
    given = step.get("with", {})
    ids = given.get("artifact-ids", "")
    if {"name", "pattern"} & set(given) or not ids:
        yield "it takes artifacts by name, and any job of the run can replace what has a name"
    elif not re.search(r"(needs|inputs)\.", ids):
        yield "the ids of its artifacts are not outputs of other jobs"
    elif not ("," in ids or "|| '0'" in ids or ids == f"${{{{ {step.get('if')} }}}}"):
        yield "it takes every artifact of the run when its id is empty"


def _of_stage(step: dict[str, Any]) -> Iterator[str]:
    stage = STAGES.get(_stage(step))
    if stage is None:
        return
    given = step.get("with", {})
    if (stage.reads_files or "candidates" in given) and "evidence" not in given:
        yield f"{stage.name} is given no evidence"


def _keeps_token(step: dict[str, Any]) -> bool:
    is_checkout = step.get("uses", "").startswith("actions/checkout@")
    return is_checkout and step.get("with", {}).get("persist-credentials") is not False


def _runs_the_app(steps: list[dict[str, Any]], stages: list[Stage]) -> bool:
    return any(stage.name in _BUILDS for stage in stages) or any("TEST_COMMAND" in str(step) for step in steps)


def _stage(step: dict[str, Any]) -> str:
    used: str = step.get("uses", "")
    return used.removeprefix(_ACTION) if used.startswith(_ACTION) else ""
