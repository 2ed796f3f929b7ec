"""The checks of `goldenpath doctor` that read an app's workflow: is it there, and will GitHub run it as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from goldenpath.delivery.adoption import reusable_workflow
from goldenpath.delivery.adoption.check_result import error, good, warning
from goldenpath.delivery.model import inputs
from goldenpath.shared.expressions import with_own_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.reusable_workflow import Called, Caller, Workflow

_COMMIT = re.compile(r"[0-9a-f]{40}")
_RELEASE = re.compile(r"v\d+\.\d+\.\d+")
_FOLDER = ".github/workflows"


def find(folder: Path) -> tuple[tuple[Workflow, ...], tuple[Remark, ...]]:
    """Return the app's workflows, and what is wrong with the files themselves."""
    found: list[Workflow] = []
    remarks: list[Remark] = []
    for name in files(folder):
        try:
            found.append(
                reusable_workflow.workflow(name, (folder / name).read_text(encoding="utf-8", errors="replace"))
            )
        except yaml.YAMLError as problem:
            where = getattr(problem, "problem_mark", None)
            line = f":{where.line + 1}" if where else ""
            why = getattr(problem, "problem", None) or "it cannot be read"
            fix = "fix that line, or its indentation: docs/templates/workflows has it as it should be"
            remarks.append(error("workflow", f"{name}{line} is not YAML: {why}", fix))
    if not any(each.callers for each in found) and not remarks:
        fix = "run `goldenpath init`, then commit what it wrote"
        remarks.append(error("workflow", "no workflow calls the platform's _build-and-release.yml", fix))
    return tuple(found), tuple(remarks)


def files(folder: Path) -> tuple[str, ...]:
    """Return the app's workflow files, by their path in the repository."""
    found = (folder / _FOLDER).glob("*")
    return tuple(
        sorted(f"{_FOLDER}/{each.name}" for each in found if each.suffix in {".yml", ".yaml"} and each.is_file())
    )


def check(caller: Caller, platform: Called, slug: str) -> Iterator[Remark]:
    """Yield what there is to say about one calling job of the repository `slug`."""
    yield good("workflow", f"{caller.file} calls {caller.slug} in the job `{caller.job}`")
    yield _permissions(caller, platform)
    yield _pin(caller)
    yield from _misplaced(caller)
    yield from _inputs(caller, platform, slug)
    yield from _secrets(caller, platform)


def _permissions(caller: Caller, platform: Called) -> Remark:
    listed = ", ".join(f"{name}: {level}" for name, level in sorted(platform.permissions.items()))
    if caller.granted is None:
        what = f"{caller.file} has no `permissions`: whether the run starts depends on the organisation's default"
        return error("permissions", what, f"add to the job `{caller.job}` permissions: {listed}")
    missing = reusable_workflow.lacking(platform.permissions, caller.granted)
    if missing:
        told = ", ".join(f"{name}: {level}" for name, level in sorted(missing.items()))
        what = f"the job `{caller.job}` does not grant {told}; GitHub refuses the run before it starts"
        return error("permissions", what, f"grant all of: {listed}")
    if more := reusable_workflow.lacking(caller.granted, platform.permissions):
        told = ", ".join(f"{name}: {level}" for name, level in sorted(more.items()))
        what = f"the job `{caller.job}` grants more than any called job needs: {told}"
        return warning("permissions", what, f"grant only: {listed}")
    return good("permissions", f"exactly what the called jobs need: {listed}")


def _pin(caller: Caller) -> Remark:
    if not caller.ref:
        what = f"{caller.file} calls the platform without a version; GitHub refuses the run before it starts"
        return error("pin", what, "write `@v1.2.3` or `@main` behind the workflow's name")
    if _COMMIT.fullmatch(caller.ref):
        return good("pin", f"pinned to the commit {caller.ref[:7]}")
    if _RELEASE.fullmatch(caller.ref):
        return good("pin", f"pinned to the release {caller.ref}, which the platform never moves")
    what = f"{caller.file} follows `@{caller.ref}`: the platform's next change is in the next run, unseen"
    return warning("pin", what, "name a release (`@v1.2.3`) or a full commit, and let Dependabot renew it")


def _misplaced(caller: Caller) -> Iterator[Remark]:
    if caller.misplaced:
        what = f"the job `{caller.job}` of {caller.file} cannot say {', '.join(caller.misplaced)}"
        yield error("inputs", what, "an input stands under `with:`, two spaces further in; leave out the rest")


def _secrets(caller: Caller, platform: Called) -> Iterator[Remark]:
    if unknown := sorted((caller.secrets or frozenset()) - set(platform.secrets)):
        what = f"{caller.file} hands on secrets that the platform does not take: {', '.join(unknown)}"
        yield error("secrets", what, f"write `secrets: inherit`, or of these names: {', '.join(platform.secrets)}")


def _inputs(caller: Caller, platform: Called, slug: str) -> Iterator[Remark]:
    if unknown := sorted(set(caller.given) - platform.inputs):
        what = f"{caller.file} gives inputs that the platform does not take: {', '.join(unknown)}"
        yield error("inputs", what, f"remove them; it takes {', '.join(sorted(platform.inputs))}")
    if missing := sorted(platform.required - set(caller.given)):
        yield error("inputs", f"{caller.file} does not give {', '.join(missing)}", "add them under `with:`")
    for name in dict.fromkeys(given.get("ecr_repository", "") for given in caller.deliveries):
        yield from _repository_name(name, slug)


def _repository_name(written: str, slug: str) -> Iterator[Remark]:
    name = with_own_repository(written, slug)
    if name and "${{" not in name:
        try:
            inputs.ECR_REPOSITORY.parse(name)
        except ValueError as problem:
            own = "ECR takes no such name: write the registry's own in place of the expression"
            fix = "give the registry's own name" if name == written else own
            yield error("inputs", f"`ecr_repository`: {problem}", fix)
