"""The reusable workflow that callers name, read from the file itself: what it takes, and what it must be granted.

Source: GitHub, "Reusing workflow configurations" and "Workflow syntax", `permissions`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from goldenpath.delivery.adoption import matrices, triggers
from goldenpath.shared.errors import LocalTrouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.adoption.triggers import PushFilter

PLATFORM = "mikeybeezy/goldenpath-idp-infra"
WORKFLOW = ".github/workflows/_build-and-release.yml"
TEMPLATE = "docs/templates/workflows/delivery.yml"
MONOREPO = "docs/templates/workflows/delivery-monorepo.yml"
ROOT = Path(__file__).resolve().parents[4]
_LEVELS = ("none", "read", "write")
_USES = re.compile(r"(?P<slug>[\w.-]+/[\w.-]+)/" + re.escape(WORKFLOW) + r"(?:@(?P<ref>\S+))?")
_COMMENT = "/.github/workflows/_pull-request-comment.yml"
_CHECKS = {"pull_request", "pull_request_target", "merge_group"}
# What GitHub lets a job that calls a workflow say.
_CALLING = {"name", "uses", "with", "secrets", "strategy", "needs", "if", "permissions", "concurrency"}


@dataclass(frozen=True)
class Called:
    """The reusable workflow: the `permissions` that a caller must grant, its inputs, and the secrets it reads."""

    permissions: Mapping[str, str]
    inputs: frozenset[str]
    required: frozenset[str]
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Caller:
    """One job that calls it: in which `file`, at which `ref` (empty where it names none), what it grants and gives.

    `granted` is `None` where neither job nor workflow has a `permissions` block; `secrets` is `None` for `inherit`.
    `misplaced` is what such a job cannot say. `events` are those that start the workflow, `pushes` which of the pushes;
    it is `None` where none does. `runs` are the values of its matrix, where it has one.
    """

    file: str
    job: str
    slug: str
    ref: str
    granted: Mapping[str, str] | None
    given: Mapping[str, str]
    secrets: frozenset[str] | None
    misplaced: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()
    pushes: PushFilter | None = None
    runs: tuple[Mapping[str, str], ...] = ()

    @property
    def deliveries(self) -> tuple[Mapping[str, str], ...]:
        """What is given to each run of the job: one, or one for each entry of its matrix."""
        each_run = self.runs or ({},)
        return tuple(
            {name: matrices.resolved(text, values) for name, text in self.given.items()} for values in each_run
        )

    @property
    def releases(self) -> bool:
        """Whether an event starts it that releases. Pull requests and merge queues only check."""
        return bool(self.events - _CHECKS)


@dataclass(frozen=True)
class CommentCaller:
    """One job that calls the platform's comment: in which `file`, and the inputs that it is `given`."""

    file: str
    given: frozenset[str]


@dataclass(frozen=True)
class Workflow:
    """One workflow file of an app: the `events` that start it, and its jobs that call the platform."""

    file: str
    events: frozenset[str] = frozenset()
    callers: tuple[Caller, ...] = ()
    comments: tuple[CommentCaller, ...] = ()


def read() -> Called:
    """Return the reusable workflow of this checkout. Raises `LocalTrouble` when the checkout is not whole."""
    tree = yaml.safe_load(shipped(WORKFLOW))
    interface = tree[True]["workflow_call"]  # YAML 1.1 reads `on` as true
    inputs = interface.get("inputs") or {}
    return Called(
        union(job.get("permissions") or {} for job in tree["jobs"].values()),
        frozenset(inputs),
        frozenset(name for name, each in inputs.items() if each.get("required")),
        tuple(interface.get("secrets") or ()),
    )


def shipped(path: str) -> str:
    """Return the text of a file of this checkout. Raises `LocalTrouble` when it is not there."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except OSError as error:
        raise LocalTrouble(
            f"{path} is not beside this code", why=str(error), fix="run this from a checkout of the platform"
        ) from error


def union(each: Any) -> dict[str, str]:  # noqa: ANN401  what YAML gives
    """Return the strongest level of every permission in several `permissions` blocks."""
    strongest: dict[str, str] = {}
    for block in each:
        for name, level in block.items():
            if _LEVELS.index(level) > _LEVELS.index(strongest.get(name, "none")):
                strongest[name] = level
    return strongest


def lacking(needed: Mapping[str, str], granted: Mapping[str, str]) -> dict[str, str]:
    """Return what of `needed` is not `granted`, as GitHub compares them when it loads a run."""
    return {
        name: level
        for name, level in needed.items()
        if _LEVELS.index(level) > _LEVELS.index(str(granted.get(name, "none")))
    }


def workflow(file: str, text: str) -> Workflow:
    """Return what the workflow `text` says. Raises `yaml.YAMLError`."""
    loaded = yaml.safe_load(text)
    tree: dict[Any, Any] = loaded if isinstance(loaded, dict) else {}
    jobs = [(str(name), job) for name, job in _mapping(tree.get("jobs")).items() if isinstance(job, dict)]
    calls = [(name, job, _USES.fullmatch(str(job.get("uses", "")))) for name, job in jobs]
    return Workflow(
        file,
        _events(tree.get(True, tree.get("on"))),  # YAML 1.1 reads `on` as true
        tuple(_caller(file, name, use, job, tree) for name, job, use in calls if use),
        tuple(
            CommentCaller(file, frozenset(map(str, _mapping(job.get("with")))))
            for _, job in jobs
            if _COMMENT in str(job.get("uses", ""))
        ),
    )


def _events(block: Any) -> frozenset[str]:  # noqa: ANN401  what YAML gives
    if isinstance(block, str):
        return frozenset({block})
    return frozenset(map(str, block)) if isinstance(block, list | dict) else frozenset()


def _caller(file: str, name: str, use: re.Match[str], job: dict[str, Any], tree: dict[Any, Any]) -> Caller:
    secrets, on = job.get("secrets"), tree.get(True, tree.get("on"))
    return Caller(
        file,
        name,
        use["slug"],
        use["ref"] or "",
        _granted(job.get("permissions", tree.get("permissions"))),
        {str(key): str(value) for key, value in _mapping(job.get("with")).items()},
        None if secrets == "inherit" else frozenset(map(str, _mapping(secrets))),
        tuple(str(key) for key in job if key not in _CALLING),
        _events(on),
        triggers.push_filter(on),
        matrices.runs(job.get("strategy")),
    )


def _mapping(block: Any) -> Mapping[Any, Any]:  # noqa: ANN401  what YAML gives
    return block if isinstance(block, dict) else {}


def _granted(block: Any) -> Mapping[str, str] | None:  # noqa: ANN401  what YAML gives
    if block is None:
        return None
    if isinstance(block, str):
        level = block.removesuffix("-all")
        return dict.fromkeys(read().permissions, level if level in _LEVELS else "none")
    return {str(name): str(level) if level in _LEVELS else "none" for name, level in _mapping(block).items()}
