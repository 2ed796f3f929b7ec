"""Checks of `goldenpath doctor`: one of the app's workflows calls the platform, and GitHub can run it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from goldenpath.delivery.adoption import reusable_workflow
from goldenpath.delivery.model import inputs
from goldenpath.shared.check_result import error, good, warning
from goldenpath.shared.expressions import with_own_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.delivery.adoption.reusable_workflow import Caller, ReusableWorkflow, Workflow
    from goldenpath.shared.check_result import Remark

_COMMIT = re.compile(r"[0-9a-f]{40}")
_RELEASE = re.compile(r"v\d+\.\d+\.\d+")
_FOLDER = ".github/workflows"


def find(folder: Path) -> tuple[tuple[Workflow, ...], tuple[Remark, ...]]:
    """Return the app's workflows, and the errors in the files themselves."""
    workflows: list[Workflow] = []
    remarks: list[Remark] = []
    for name in files(folder):
        text = (folder / name).read_text(encoding="utf-8", errors="replace")
        try:
            workflows.append(reusable_workflow.workflow(name, text))
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            why = getattr(problem, "problem", None) or "it cannot be read"
            fix = "fix that line or its indentation; docs/templates/workflows has valid examples"
            remarks.append(error("workflow", f"{name}{line} is not YAML: {why}", fix))
    if not any(workflow.callers for workflow in workflows) and not remarks:
        fix = "run `goldenpath init`, then commit the files that it writes"
        remarks.append(error("workflow", "no workflow calls the platform's _build-and-release.yml", fix))
    return tuple(workflows), tuple(remarks)


def files(folder: Path) -> tuple[str, ...]:
    """Return the paths of the app's workflow files in the repository."""
    paths = (folder / _FOLDER).glob("*")
    return tuple(
        sorted(f"{_FOLDER}/{path.name}" for path in paths if path.suffix in {".yml", ".yaml"} and path.is_file())
    )


def check(caller: Caller, platform: ReusableWorkflow, slug: str) -> Iterator[Remark]:
    """Yield the remarks about one job of the repository `slug` that calls the platform."""
    yield good("workflow", f"{caller.file} calls {caller.slug} in the job `{caller.job}`")
    yield _permissions(caller, platform)
    yield _pin(caller)
    yield from _misplaced(caller)
    yield from _inputs(caller, platform, slug)
    yield from _secrets(caller, platform)


def _permissions(caller: Caller, platform: ReusableWorkflow) -> Remark:
    needed = _permission_list(platform.permissions)
    if caller.permissions is None:
        what = f"{caller.file} has no `permissions`: whether the run starts depends on the organisation's default"
        return error("permissions", what, f"add to the job `{caller.job}` permissions: {needed}")
    missing = reusable_workflow.missing_permissions(platform.permissions, caller.permissions)
    if missing:
        what = f"the job `{caller.job}` does not grant {_permission_list(missing)}; GitHub refuses to start the run"
        return error("permissions", what, f"grant all of: {needed}")
    if unneeded := reusable_workflow.missing_permissions(caller.permissions, platform.permissions):
        what = f"the job `{caller.job}` grants more than any called job needs: {_permission_list(unneeded)}"
        return warning("permissions", what, f"grant only: {needed}")
    return good("permissions", f"the job grants exactly the permissions that the called jobs need: {needed}")


def _permission_list(permissions: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {level}" for name, level in sorted(permissions.items()))


def _pin(caller: Caller) -> Remark:
    if not caller.ref:
        what = f"{caller.file} calls the platform without a version; GitHub refuses to start the run"
        return error("pin", what, "add `@v1.2.3` or `@main` to the name of the workflow")
    if _COMMIT.fullmatch(caller.ref):
        return good("pin", f"pinned to the commit {caller.ref[:7]}")
    if _RELEASE.fullmatch(caller.ref):
        return good("pin", f"pinned to the release {caller.ref}, which the platform never moves")
    what = f"{caller.file} follows `@{caller.ref}`: every change of the platform reaches the next run without review"
    return warning("pin", what, "name a release (`@v1.2.3`) or a full commit, and let Dependabot update it")


def _misplaced(caller: Caller) -> Iterator[Remark]:
    if caller.misplaced:
        what = f"the job `{caller.job}` of {caller.file} cannot have the keys {', '.join(caller.misplaced)}"
        yield error("inputs", what, "move inputs under `with:`, two spaces further in; remove the other keys")


def _secrets(caller: Caller, platform: ReusableWorkflow) -> Iterator[Remark]:
    if unknown := sorted((caller.secrets or frozenset()) - set(platform.secrets)):
        what = f"{caller.file} passes secrets that the platform does not have: {', '.join(unknown)}"
        yield error("secrets", what, f"write `secrets: inherit`, or pass only these: {', '.join(platform.secrets)}")


def _inputs(caller: Caller, platform: ReusableWorkflow, slug: str) -> Iterator[Remark]:
    if unknown := sorted(set(caller.inputs) - platform.inputs):
        what = f"{caller.file} sets inputs that the platform does not have: {', '.join(unknown)}"
        yield error("inputs", what, f"remove them; the inputs are {', '.join(sorted(platform.inputs))}")
    if missing := sorted(platform.required - set(caller.inputs)):
        yield error("inputs", f"{caller.file} does not set {', '.join(missing)}", "add them under `with:`")
    for name in dict.fromkeys(delivery.get("ecr_repository", "") for delivery in caller.deliveries):
        yield from _repository_name(name, slug)


def _repository_name(written: str, slug: str) -> Iterator[Remark]:
    name = with_own_repository(written, slug)
    if name and "${{" not in name:
        try:
            inputs.ECR_REPOSITORY.parse(name)
        except ValueError as problem:
            literal = "ECR does not allow this name: write the name of the ECR repository in place of the expression"
            fix = "give the name of the ECR repository" if name == written else literal
            yield error("inputs", f"`ecr_repository`: {problem}", fix)
