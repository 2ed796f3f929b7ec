"""Whoever calls a workflow of ours grants what it asks for, by the rule by which GitHub starts a run, and no more."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from tests.judges import files, permissions
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from tests.judges.files import File
    from tests.judges.judge import Judge
    from tests.judges.permissions import Read

CALLERS = [file for file in (*files.workflows(), *files.callers()) if ".github/workflows/_" in file.text]
CALLED = ".github/workflows/_build-and-release.yml"
MIDDLE = ".github/workflows/middle.yml"
ALL = {"contents": "read", "id-token": "write", "security-events": "write", "actions": "read"}


@pytest.fixture
def read(judge: Judge) -> Read:
    """Return a workflow of this checkout as GitHub parses it."""
    return lambda path: judge.read((ROOT / path).read_text())


@pytest.mark.parametrize("file", CALLERS, ids=str)
def test_a_caller_grants_what_the_called_jobs_ask_for_and_no_more(judge: Judge, read: Read, file: File) -> None:
    tree = judge.read(file.text)
    assert (permissions.problems(tree, read), permissions.needless(tree, read)) == ([], [])


@pytest.mark.parametrize("file", CALLERS, ids=str)
def test_every_grant_of_a_caller_is_missed_where_it_lacks(judge: Judge, read: Read, file: File) -> None:
    """Each permission in turn is lowered, left out, and added to."""
    tree = judge.read(file.text)
    calling = {name: job["permissions"] for name, job in tree["jobs"].items() if "uses" in job}
    assert calling
    for name, block in calling.items():
        for permission, level in block.items():
            for changed in ({**block, permission: "none"}, {key: block[key] for key in block if key != permission}):
                assert f"'{permission}: {level}'" in " ".join(permissions.problems(granting(tree, name, changed), read))
        more = granting(tree, name, {**block, "packages": "write"})
        assert permissions.needless(more, read) == [f"{name}: packages: write"]


def granting(tree: dict[str, Any], name: str, block: Any) -> dict[str, Any]:  # noqa: ANN401  a mapping or a word
    changed = copy.deepcopy(tree)
    changed["jobs"][name]["permissions"] = block
    return changed


def calling(path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any part of a workflow
    job = {key: more.pop(key) for key in ("job_permissions",) if key in more}
    block = {"permissions": job["job_permissions"]} if job else {}
    return {**more, "jobs": {"call": {"uses": f"mikeybeezy/goldenpath-idp-infra/{path}@main", **block}}}


NESTED: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "all of it at both ends": ({"job_permissions": ALL}, {"job_permissions": ALL}, []),
    "said once for the whole workflow": ({"permissions": ALL}, {}, []),
    "write for everything": ({"permissions": "write-all"}, {}, []),
    "nothing said": (
        {}, {},
        ["id-token: write", "security-events: write", "actions: read"],
    ),
    "less in the middle": (
        {"job_permissions": ALL}, {"job_permissions": {**ALL, "id-token": "none"}},
        ["id-token: write"],
    ),
    "less at the top": (
        {"job_permissions": {**ALL, "actions": "none"}}, {"job_permissions": ALL},
        ["actions: read"],
    ),
    "less for the whole of the middle": (
        {"job_permissions": ALL}, {"permissions": {"contents": "read"}},
        ["id-token: write", "security-events: write", "actions: read"],
    ),
    "more for the whole of the middle than the top grants": (
        {"permissions": {"contents": "read"}}, {"permissions": {"contents": "write"}, "job_permissions": {}},
        ["contents: write"],
    ),
    "read for everything": ({"permissions": "read-all"}, {}, ["id-token: write", "security-events: write"]),
}  # fmt: skip


@pytest.mark.parametrize("case", NESTED)
def test_the_rule_holds_through_a_workflow_that_calls_ours(read: Read, case: str) -> None:
    top, middle, missing = NESTED[case]
    own = {MIDDLE: calling(CALLED, **middle)}
    found = " ".join(permissions.problems(calling(MIDDLE, **top), lambda path: own.get(path) or read(path)))
    assert [each for each in missing if f"requesting '{each}'" not in found] == []
    assert bool(found) == bool(missing)
