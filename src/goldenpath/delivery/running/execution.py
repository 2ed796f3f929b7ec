"""Run any stage: prepare its input, report its outcome, and write its outputs."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import named_ref
from goldenpath.delivery.model.event import (
    TERMINAL,
    Event,
    comes_from_fork,
    commit_before,
    default_branch_of,
    is_by_dependabot,
    proposed_head,
)
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.timing import End, Timing
from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report.annotations import chosen
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.stage import Outcome, Run
from goldenpath.shared import git, protection, runner
from goldenpath.shared.errors import BadInput, DiskTrouble, GoldenPathError, UnknownEnvironment
from goldenpath.shared.names import Commit, StageName
from goldenpath.shared.shown_text import as_markdown, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.delivery.model.inputs import Request
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.delivery.running.early_start import EarlyStage
    from goldenpath.delivery.stage import Stage
    from goldenpath.shared.console import Progress
    from goldenpath.shared.names import Ref
    from goldenpath.shared.runner import Runner
    from goldenpath.shared.toolchain import Program


# What a delivery that got as far as the build will start next.
_BUILDER, _AFTER_THE_BUILD = "buildx", ("trivy", "syft")
_UNREADABLE, _READABLE_LENGTH = re.compile(r"[^A-Za-z0-9.]+"), 80


def prepare(request: Request, here: Runner, progress: Progress, *, whole: bool = False) -> Run:
    """Return the `Run` that every stage shares; a `whole` delivery has its default work folder for itself.

    Raises when the environment or the event cannot be known.
    """
    policy = matrix.load()
    # First of all: under local's rules nothing blocks, so nothing else of the request is worth reading.
    _refuse_local(request.environment, here)
    environment = tightened(policy.environment(request.environment), request, progress)
    event = event_of(here, request.source, request.ref)
    _require_version(event)
    named = bool(request.work_dir.parts)
    work = request.work_dir if named else _default_work_dir(request, whole=whole)
    if whole and not named and not here.in_actions:
        progress.note(f"· reports and receipt: {work}")
    return Run(
        request=request,
        event=event,
        policy=policy,
        environment=environment,
        work=WorkFolder(work),
        runner=here,
        program=_scanners_ahead() if whole else _program,
        say=progress.say,
        watch=progress.watch,
    )


def _default_work_dir(request: Request, *, whole: bool) -> Path:
    """Return the work folder of a request that names none; it is made where it is missing.

    A job of a workflow run has one. At a terminal each checkout and environment has its own, and a whole delivery one
    for itself, so that two at once do not meet. Stages that run one by one find one another's files by what all of
    them know. Raises `FolderUntrusted`.
    """
    variables = runner.variables()
    base = runner.default_work_dir(variables)
    if variables.get("RUNNER_TEMP"):
        return base
    source = request.source.resolve()
    names = (request.environment, *(("deliver", request.ecr_repository or "") if whole else ()))
    readable = _UNREADABLE.sub("-", "-".join((source.name, *names)))[:_READABLE_LENGTH]
    return protection.private_folder(base / f"{readable}-{sha256(repr((str(source), names)).encode()).hexdigest()[:8]}")


def believing(run: Run, stage: Stage) -> Run:
    """Return `run` as `stage` may see it: in a workflow run it reads only files that its evidence lists.

    Raises `EvidenceMismatch` when the evidence contradicts itself.
    """
    # At a terminal one person made all the files. In a workflow run any job can replace an artifact by name
    # (docs/adr/0010-evidence.md).
    if not stage.reads_files or not (run.runner.in_actions or run.request.evidence):
        return run
    return replace(run, work=run.work.believing(run.request.evidence))


def _refuse_local(environment: str, here: Runner) -> None:
    """Raise `UnknownEnvironment` for a workflow run that asks for the rules of a terminal, which block nothing."""
    if environment == matrix.LOCAL and here.in_actions:
        raise UnknownEnvironment(
            f"The environment {matrix.LOCAL} is for terminals, not for workflow runs",
            why="Its gates report and never block, and no account, role or ECR repository belongs to it",
            fix="Deliver to dev, or to another environment of the platform",
        )


def tightened(environment: Environment, request: Request, progress: Progress) -> Environment:
    """Return the rules of `environment` as this request tightens them; a request to loosen them only gets a warning."""
    if request.trivy_exit_code:
        environment = replace(environment, modes={**environment.modes, Gate.TRIVY: Mode.BLOCKING})
    # Callers from before have `trivy_exit_code: 0`. An error would break them, silence would let them believe that it
    # works.
    elif request.trivy_exit_code is False and environment.modes[Gate.TRIVY] is Mode.BLOCKING:
        progress.warn(f"`trivy_exit_code: 0` changes nothing: the platform blocks in {environment.name}")
    return environment if request.push_latest else replace(environment, latest_allowed=False)


def run_stage(stage: Stage, run: Run, progress: Progress, early: EarlyStage | None = None) -> dict[str, str]:
    """Run one stage, report its outcome, write its outputs and return them. Raises the error that stopped it.

    `early` is the same stage where its work has begun already.
    """
    turn = time.monotonic()
    try:
        with progress.working(stage.name):
            outcome = early.finish(progress.say) if early else stage.run(run)
    except GoldenPathError as error:
        began = early.began if early else turn
        progress.end(stage.name, error.what, began, state=End.FAILED.value)
        if run.work.path.is_dir() or not isinstance(error, BadInput):
            # Not where the work folder itself is what was refused.
            _note(run, stage, End.FAILED, began, error.what, error)
            # A full disk must not hide why the stage stopped.
            with suppress(DiskTrouble):
                run.runner.set_outputs(_evidence(run, stage))
        raise
    began = early.began if early else turn
    state = End.STOPPED if outcome.stop else End.WARNED if outcome.notices else End.DONE
    progress.end(stage.name, outcome.sentence, began, state=state.value)
    _note(run, stage, state, began, outcome.sentence, outcome.stop)
    left = _evidence(run, stage)
    # A file that the stage itself has just written needs no evidence.
    _report(stage, outcome, replace(run, work=replace(run.work, evidence=None)), progress)
    # Before a gate's block is raised: the jobs that report need the outputs most when there are findings.
    run.runner.set_outputs({**outcome.outputs, **left})
    if outcome.stop:
        outcome.stop.result = dict(outcome.outputs)
        raise outcome.stop
    return dict(outcome.outputs)


def event_of(here: Runner, source: Path, ref: Ref | None = None) -> Event:
    """Return the event of this run: the runner's, or the state of the checkout at a terminal.

    `ref` was named for a checkout that is on none. Raises `BadInput` when a workflow run is of another ref, and when
    it does not contain the commit.
    """
    if not here.in_actions:
        return _event_at_terminal(here, source, ref)
    # Rules judge by the ref. In a workflow run only GitHub's word counts for it, or an app could call a branch
    # `main`.
    if ref and ref != here.ref:
        raise BadInput(
            f"This workflow run is of {here.ref}, and `ref` says {ref}",
            why="In a workflow run GitHub says which branch or tag it is of",
            fix="Remove `ref` (GOLDENPATH_REF), or start the workflow on that branch or tag",
        )
    try:
        return Event(
            name=here.event_name,
            commit=Commit(here.sha),
            ref=here.ref,
            repository=here.repository,
            source_url=f"{here.server_url}/{here.repository}",
            before=commit_before(here.event_name, here.event),
            fork=comes_from_fork(here.event),
            by_dependabot=is_by_dependabot(here.event),
            head=proposed_head(here.event_name, here.event),
            default_branch=default_branch_of(here.event_name, here.ref, here.event),
            ref_protected=here.ref_protected,
        )
    except ValueError as error:
        raise BadInput(
            "The event of this workflow run names no commit", why=str(error), fix="Run the workflow again"
        ) from error


def _program(name: str) -> Program:
    from goldenpath.shared.toolchain import Toolchain  # noqa: PLC0415  a release starts none, and must not wait for it

    return Toolchain.load().provide(name)


def _scanners_ahead() -> Callable[[str], Program]:
    """Return the provider of a whole delivery's programs: it hashes the image scanners while the image is built."""
    from goldenpath.shared.toolchain import Toolchain  # noqa: PLC0415  as above

    toolchain = Toolchain.load()

    def provide(name: str) -> Program:
        program = toolchain.provide(name)
        if name == _BUILDER:
            toolchain.hash_ahead(_AFTER_THE_BUILD)
        return program

    return provide


def _require_version(event: Event) -> None:
    """Raise `BadInput` when the run is of a release tag whose version cannot be a tag of an image."""
    try:
        _ = event.release
    except ValueError as error:
        raise BadInput(
            f"The release tag {event.ref.removeprefix('refs/tags/')} gives no version",
            why=str(error),
            fix="Name releases like `v1.4.2`, or `my-web-v1.4.2` for one component of the repository",
        ) from error


def _event_at_terminal(here: Runner, source: Path, ref: Ref | None) -> Event:
    head = git.head(source)
    tip = named_ref.require_contains(source, ref, head) if ref else None
    origin = git.origin_url(source)
    repository = origin.removeprefix(f"{here.server_url}/") if origin.startswith(f"{here.server_url}/") else ""
    return Event(TERMINAL, head, ref or git.branch_ref(source), repository, origin, head=tip)


def _note(run: Run, stage: Stage, end: End, began: float, sentence: str, error: GoldenPathError | None = None) -> None:
    if stage.timed:
        seconds = round(time.monotonic() - began, 3)
        fix = error.fix if error and end is End.FAILED else ""
        code = error.code if error else ""
        run.work.note(Timing(StageName(stage.name), end, seconds, sentence, fix, code))


def _evidence(run: Run, stage: Stage) -> dict[str, str]:
    """Return the output by which later jobs believe the files of `stage`, where it leaves any."""
    if "evidence" not in stage.outputs:
        return {}
    return {"evidence": run.work.left_by(stage.gate.stage if stage.gate else stage.name).line}


def _report(stage: Stage, outcome: Outcome, run: Run, progress: Progress) -> None:
    for finding in outcome.at_places:
        progress.finding(finding.text)
    for warning in outcome.warnings:
        progress.warn(warning)
    _annotate(stage, outcome, run)
    if stage.writes_summary:
        return
    listed = "".join(f"\n- {as_markdown(notice.text)}" for notice in outcome.notices)
    body = outcome.summary or listed
    run.runner.append_summary(f"**{stage.name}**: {as_markdown(outcome.sentence)}\n{body}")


def _annotate(stage: Stage, outcome: Outcome, run: Run) -> None:
    """Annotate the run with the notices, a finding at its file and line, as far as GitHub shows them."""
    level = "error" if outcome.stop else "warning"
    # The stage that stops a run is its last one, so it need not share the limit.
    at_most = runner.ANNOTATED_AT_MOST if outcome.stop else run.annotated_at_most
    for text, place in chosen(outcome.notices, at_most):
        run.runner.annotate(level, plain(text), title=stage.name, file=plain(place.file), line=place.line)
