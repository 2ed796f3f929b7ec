"""The pipeline: the stages in order, once. Read this first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from goldenpath import runner
from goldenpath.errors import BadInput, GoldenPathError
from goldenpath.model.event import Event, commit_before, may_only_read, proposed_head
from goldenpath.model.finding import Gate
from goldenpath.model.names import Commit
from goldenpath.model.work import WorkFolder
from goldenpath.policy import matrix
from goldenpath.stages import build, ecr_push, gitleaks_gate, preflight, sarif_upload, sbom, trivy_gate
from goldenpath.stages.base import Outcome, Run
from goldenpath.tools import git
from goldenpath.tools.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.model.inputs import Input, Request
    from goldenpath.report.console import Progress
    from goldenpath.runner import Runner
    from goldenpath.stages.base import Stage

# In this order, each only if the one before it let the run go on.
STAGES = (gitleaks_gate.STAGE, build.STAGE, trivy_gate.STAGE, sbom.STAGE, ecr_push.STAGE)
# On its own, before all else: a workflow need not build for an hour what it may not release.
FIRST = (preflight.STAGE,)
# At the end, whatever happened: what was found must be seen.
ALWAYS = (sarif_upload.STAGE,)

INPUTS: tuple[Input, ...] = tuple(dict.fromkeys(each for stage in (*STAGES, *ALWAYS) for each in stage.inputs))
OUTPUTS: Mapping[str, str] = {
    name: text
    for stage in (*STAGES, *ALWAYS)
    if not stage.name.endswith("-gate")
    for name, text in stage.outputs.items()
}


def prepare(request: Request, here: Runner, progress: Progress) -> Run:
    """Return what every stage of one run shares. Raises when the environment or the event cannot be known."""
    policy = matrix.load()
    environment = policy.environment(request.environment)
    event = event_of(here, request.source)
    _require_version(event)
    work = request.work_dir if request.work_dir.parts else runner.default_work_dir(runner.variables())
    return Run(
        request=request,
        event=event,
        policy=policy,
        environment=environment,
        work=WorkFolder(work),
        runner=here,
        toolchain=Toolchain.load(),
        say=progress.say,
    )


def deliver(run: Run, progress: Progress) -> dict[str, str]:
    """Run every stage in order and return all their outputs.

    The first stage that fails or blocks ends the run; what must always happen still happens; then its error is raised.
    """
    run.work.refuse_inside(run.request.build_context)
    _forget_earlier_run(run.work)
    outputs: dict[str, str] = {}
    failure: BaseException | None = None
    try:
        for stage in STAGES:
            if stage is ecr_push.STAGE and run.event.is_pull_request:
                progress.line("· ecr-push is left out: a pull request is checked, never released")
                continue
            outputs |= run_stage(stage, run, progress)
    except BaseException as error:
        failure = error
        raise
    finally:
        for stage in ALWAYS:
            outputs |= _at_the_end(stage, run, progress, failure)
    return outputs


def run_stage(stage: Stage, run: Run, progress: Progress) -> dict[str, str]:
    """Run one stage, tell how it went, write its outputs, and return them. Raises what stopped it, a block included."""
    began = time.monotonic()
    try:
        with progress.working(stage.name):
            outcome = stage.run(run)
    except GoldenPathError as error:
        progress.end(stage.name, error.what, began, state="stopped")
        raise
    state = "stopped" if outcome.stop else "warned" if outcome.warnings else "done"
    progress.end(stage.name, outcome.sentence, began, state=state)
    _tell(stage, outcome, run, progress)
    run.runner.set_outputs(outcome.outputs)
    if outcome.stop:
        raise outcome.stop
    return dict(outcome.outputs)


def event_of(here: Runner, source: Path) -> Event:
    """Return what this run answers to: the runner's event, or the state of the checkout at a terminal."""
    if not here.in_actions:
        return _event_at_terminal(here, source)
    try:
        return Event(
            name=here.event_name,
            commit=Commit(here.sha),
            ref=here.ref,
            repository=here.repository,
            source_url=f"{here.server_url}/{here.repository}",
            before=commit_before(here.event_name, here.event),
            fork=may_only_read(here.event),
            head=proposed_head(here.event_name, here.event),
        )
    except ValueError as error:
        raise BadInput(
            "the event of this workflow run names no commit", why=str(error), fix="run the workflow again"
        ) from error


def _require_version(event: Event) -> None:
    """Raise `BadInput` when the run is of a release tag whose version cannot be a tag of an image."""
    try:
        _ = event.release_version
    except ValueError as error:
        raise BadInput(
            f"the release tag {event.ref.removeprefix('refs/tags/')} gives no version",
            why=str(error),
            fix="name releases like `v1.4.2`",
        ) from error


def _event_at_terminal(here: Runner, source: Path) -> Event:
    head = git.head(source)
    origin = git.origin_url(source)
    repository = origin.removeprefix(f"{here.server_url}/") if origin.startswith(f"{here.server_url}/") else ""
    return Event("terminal", head, git.branch_ref(source), repository, origin)


def _forget_earlier_run(work: WorkFolder) -> None:
    """Remove what an earlier run left: if this one ends early, its verdicts and receipt would pass for this one's."""
    gates = (name(gate) for gate in Gate for name in (work.findings, work.sarif, work.verdict))
    work.forget(work.candidate, work.receipt, *work.path.glob("sbom.*.json"), *gates)


def _tell(stage: Stage, outcome: Outcome, run: Run, progress: Progress) -> None:
    for warning in outcome.warnings:
        progress.warn(warning)
        run.runner.annotate("error" if outcome.stop else "warning", runner.plain(warning), title=stage.name)
    listed = "".join(f"\n- {runner.as_markdown(warning)}" for warning in outcome.warnings)
    body = outcome.summary or listed
    run.runner.append_summary(f"**{stage.name}**: {runner.as_markdown(outcome.sentence)}\n{body}")


def _at_the_end(stage: Stage, run: Run, progress: Progress, failure: BaseException | None) -> dict[str, str]:
    try:
        return run_stage(stage, run, progress)
    except GoldenPathError as error:
        if failure is None:
            raise
        progress.warn(str(error))
        return {}
