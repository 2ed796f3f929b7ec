"""The platform's reusable workflow, and the workflows of an app that call it.

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
    from collections.abc import Iterable, Mapping

    from goldenpath.delivery.adoption.triggers import PushFilter

WORKFLOW = ".github/workflows/_build-and-release.yml"
NOTIFY_WORKFLOW = ".github/workflows/_notify.yml"
TEMPLATE = "docs/templates/workflows/delivery.yml"
NOTIFY = "docs/templates/workflows/delivery-notify.yml"
MONOREPO = "docs/templates/workflows/delivery-monorepo.yml"
MONOREPO_NOTIFY = "docs/templates/workflows/delivery-monorepo-notify.yml"
ROOT = Path(__file__).resolve().parents[4]
_LEVELS = ("none", "read", "write")
_USES = re.compile(r"(?P<slug>[\w.-]+/[\w.-]+)/" + re.escape(WORKFLOW) + r"(?:@(?P<ref>\S+))?")
_NOTIFY_USES = re.compile(r"[\w.-]+/[\w.-]+/" + re.escape(NOTIFY_WORKFLOW) + r"(?:@(?P<ref>\S+))?")
_COMMENT = "/.github/workflows/_pull-request-comment.yml"
_CHECKS = {"pull_request", "pull_request_target", "merge_group"}
# The keys that GitHub allows in a job that calls a workflow.
_CALLER_KEYS = {"name", "uses", "with", "secrets", "strategy", "needs", "if", "permissions", "concurrency"}


@dataclass(frozen=True)
class ReusableWorkflow:
    """The reusable workflow: the `permissions` that a caller must grant, its inputs, and the secrets that it reads."""

    permissions: Mapping[str, str]
    inputs: frozenset[str]
    required: frozenset[str]
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Caller:
    """A `job` in the workflow `file` that calls the reusable workflow of `slug` at `ref`, which may be empty.

    `permissions` is `None` where neither job nor workflow has such a block; `secrets` is `None` for `inherit`.
    `misplaced` are keys that GitHub does not allow in such a job. `events` start the workflow; `pushes` is `None` where
    no push does. `runs` are the values of every run of its matrix, if it has one.
    """

    file: str
    job: str
    slug: str
    ref: str
    permissions: Mapping[str, str] | None
    inputs: Mapping[str, str]
    secrets: frozenset[str] | None
    misplaced: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()
    pushes: PushFilter | None = None
    runs: tuple[Mapping[str, str], ...] = ()

    @property
    def deliveries(self) -> tuple[Mapping[str, str], ...]:
        """The inputs of every run of the job: of one run, or of one for every entry of its matrix."""
        runs = self.runs or ({},)
        return tuple({name: matrices.resolve(text, values) for name, text in self.inputs.items()} for values in runs)

    @property
    def releases(self) -> bool:
        """Whether any of its events releases. Pull requests and merge queues only check."""
        return bool(self.events - _CHECKS)


@dataclass(frozen=True)
class CommentCaller:
    """A job in the workflow `file` that calls the platform's comment with these `inputs`."""

    file: str
    inputs: frozenset[str]


@dataclass(frozen=True)
class NotifyCaller:
    """A `job` in the workflow `file` that calls the platform's `_notify.yml` at `ref`, which may be empty.

    `condition` is its `if`, empty where it has none, and `needs` are the jobs that it waits for. `permissions` is
    `None` where neither job nor workflow has such a block; `secrets` is `None` for `inherit`.
    """

    file: str
    job: str
    ref: str
    needs: tuple[str, ...]
    condition: str
    permissions: Mapping[str, str] | None
    inputs: Mapping[str, str]
    secrets: Mapping[str, str] | None


@dataclass(frozen=True)
class Workflow:
    """A workflow file of an app: the `events` that start it, and its jobs that call the platform."""

    file: str
    events: frozenset[str] = frozenset()
    callers: tuple[Caller, ...] = ()
    comments: tuple[CommentCaller, ...] = ()
    notifications: tuple[NotifyCaller, ...] = ()


def read(path: str = WORKFLOW) -> ReusableWorkflow:
    """Return a reusable workflow of this checkout, by default the one that delivers.

    Raises `LocalTrouble` where the checkout is incomplete.
    """
    tree = yaml.safe_load(platform_file(path))
    interface = tree[True]["workflow_call"]  # YAML 1.1 reads `on` as true
    inputs = interface.get("inputs") or {}
    return ReusableWorkflow(
        strongest_permissions(job.get("permissions") or {} for job in tree["jobs"].values()),
        frozenset(inputs),
        frozenset(name for name, declaration in inputs.items() if declaration.get("required")),
        tuple(interface.get("secrets") or ()),
    )


def platform_file(path: str) -> str:
    """Return the text of a file of the platform's checkout. Raises `LocalTrouble` where it cannot be read."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except OSError as error:
        raise LocalTrouble(
            f"{path} of the platform cannot be read", why=f"{error}", fix="Run this from a checkout of the platform"
        ) from error


def strongest_permissions(blocks: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the strongest level of every permission in several `permissions` blocks."""
    strongest: dict[str, str] = {}
    for block in blocks:
        for name, level in block.items():
            if _LEVELS.index(level) > _LEVELS.index(strongest.get(name, "none")):
                strongest[name] = level
    return strongest


def missing_permissions(needed: Mapping[str, str], granted: Mapping[str, str]) -> dict[str, str]:
    """Return the permissions in `needed` that `granted` does not cover. GitHub compares them when it loads a run."""
    return {
        name: level
        for name, level in needed.items()
        if _LEVELS.index(level) > _LEVELS.index(str(granted.get(name, "none")))
    }


def workflow(file: str, text: str) -> Workflow:
    """Parse the `text` of the workflow `file`. Raises `yaml.YAMLError`."""
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
        tuple(
            _notify_caller(file, name, use["ref"] or "", job, tree)
            for name, job in jobs
            if (use := _NOTIFY_USES.fullmatch(str(job.get("uses", ""))))
        ),
    )


def _events(block: Any) -> frozenset[str]:  # noqa: ANN401  parsed YAML
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
        _permissions(job.get("permissions", tree.get("permissions"))),
        _texts(job.get("with")),
        None if secrets == "inherit" else frozenset(map(str, _mapping(secrets))),
        tuple(str(key) for key in job if key not in _CALLER_KEYS),
        _events(on),
        triggers.push_filter(on),
        matrices.runs(job.get("strategy")),
    )


def _notify_caller(file: str, name: str, ref: str, job: dict[str, Any], tree: dict[Any, Any]) -> NotifyCaller:
    needs, secrets = job.get("needs", ()), job.get("secrets")
    return NotifyCaller(
        file,
        name,
        ref,
        (needs,) if isinstance(needs, str) else tuple(map(str, needs if isinstance(needs, list) else ())),
        str(job.get("if", "")),
        _permissions(job.get("permissions", tree.get("permissions"))),
        _texts(job.get("with")),
        None if secrets == "inherit" else _texts(secrets),
    )


def _texts(block: Any) -> dict[str, str]:  # noqa: ANN401  parsed YAML
    return {str(name): str(value) for name, value in _mapping(block).items()}


def _mapping(block: Any) -> Mapping[Any, Any]:  # noqa: ANN401  parsed YAML
    return block if isinstance(block, dict) else {}


def _permissions(block: Any) -> Mapping[str, str] | None:  # noqa: ANN401  parsed YAML
    if block is None:
        return None
    if isinstance(block, str):
        level = block.removesuffix("-all")
        return dict.fromkeys(read().permissions, level if level in _LEVELS else "none")
    return {str(name): str(level) if level in _LEVELS else "none" for name, level in _mapping(block).items()}
