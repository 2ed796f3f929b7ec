"""The pipeline: the stages in order, once. Read this first."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from goldenpath.delivery.image import unpacked_layers
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.inputs import BUILT_FOR, CONTEXT_ARTIFACT_DIGEST, EVIDENCE
from goldenpath.delivery.stage import EVIDENCE_OUTPUT
from goldenpath.delivery.stages import (
    build,
    ecr_push,
    gitleaks_gate,
    preflight,
    pull_bases,
    pull_request_comment,
    rescan,
    sarif_upload,
    sbom,
    summary,
    trivy_gate,
)
from goldenpath.delivery.stages.early_start import EarlyStage
from goldenpath.delivery.stages.execution import run_stage
from goldenpath.shared.parallel import alongside
from goldenpath.shared.runner import ANNOTATED_AT_MOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.model.inputs import Input
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.console import Progress

# In this order, each only if the one before it let the run go on.
STAGES = (
    gitleaks_gate.STAGE,
    build.STAGE,
    trivy_gate.STAGE,
    sbom.STAGE,
    ecr_push.STAGE,
)
# On its own, before all else: a workflow need not build for an hour what it may not release.
FIRST = (preflight.STAGE,)
# At the end, whatever happened: what was found must be seen.
ALWAYS = (sarif_upload.STAGE, summary.STAGE)
# Commands of their own: on the files that a run left, and on what was released long ago.
ASIDE = (pull_bases.STAGE, pull_request_comment.STAGE, rescan.STAGE)

# All stages are one step here, and share the annotations that GitHub shows of a step.
_ANNOTATED_AT_MOST = ANNOTATED_AT_MOST // 3
# All stages in one process hand nothing over that somebody else could reach, so `deliver` takes and gives no evidence.
_BETWEEN_JOBS = {*EVIDENCE_OUTPUT, "handover"}
_NOT_GIVEN = {EVIDENCE, BUILT_FOR, CONTEXT_ARTIFACT_DIGEST}
INPUTS: tuple[Input, ...] = tuple(
    dict.fromkeys(each for stage in (*STAGES, *ALWAYS) for each in stage.inputs if each not in _NOT_GIVEN)
)
OUTPUTS: Mapping[str, str] = {
    name: text
    for stage in (*STAGES, *ALWAYS)
    if stage.gate is None
    for name, text in stage.outputs.items()
    if name not in _BETWEEN_JOBS
}


def deliver(run: Run, progress: Progress) -> dict[str, str]:
    """Run every stage in order and return all their outputs.

    The first stage that fails or blocks ends the run, and stops what works ahead of it; all that must always happen
    still happens; then its error is raised. Raises `WorkFolderBusy` when another delivery uses the same work folder.
    """
    run.work.refuse_inside(run.request.build_context)
    with run.work.claimed():
        return _delivered(run, progress)


def _delivered(run: Run, progress: Progress) -> dict[str, str]:
    _forget_earlier_run(run.work)
    outputs: dict[str, str] = {}
    failure: BaseException | None = None
    # One page for the whole run, the verdict first, in place of one part for each stage.
    run = replace(run, annotated_at_most=_ANNOTATED_AT_MOST)
    silent = replace(run, runner=replace(run.runner, summary_file=None))
    try:
        outputs |= _in_order(silent, progress)
    except BaseException as error:
        failure = error
        raise
    finally:
        outputs |= _at_the_end(run, progress, failure)
    return outputs


def _in_order(run: Run, progress: Progress) -> dict[str, str]:
    """Run `STAGES` and return their outputs. A stage that can work ahead starts with the one before it."""
    outputs: dict[str, str] = {}
    early: EarlyStage | None = None
    with unpacked_layers.shared_or_own(None) as layers, alongside() as second:
        run = replace(run, layers=layers)
        for stage, following in zip_longest(STAGES, STAGES[1:]):
            if stage.releases and run.event.is_pull_request:
                progress.line(f"· {stage.name} is left out: a pull request is checked, never released")
                continue
            if stage.preload and not run.event.is_pull_request:
                stage.preload()
            started = early
            early = EarlyStage(following.ahead, run, second) if following and following.ahead else None
            outputs |= run_stage(stage, run, progress, started)
    return outputs


def _forget_earlier_run(work: WorkFolder) -> None:
    """Remove what an earlier run left: if this one ends early, its verdicts and receipt would pass for this one's."""
    gates = (name(gate) for gate in Gate for name in (work.findings, work.sarif, work.verdict))
    timings = (work.timing(stage.name) for stage in STAGES)
    work.forget(work.candidate, work.receipt, *timings, *work.path.glob("sbom.*.json"), *gates)


def _at_the_end(run: Run, progress: Progress, failure: BaseException | None) -> dict[str, str]:
    """Run every stage that must always run. Raises the first error of theirs, unless the run has its `failure`."""
    outputs: dict[str, str] = {}
    first: Exception | None = None
    for stage in ALWAYS:
        try:
            outputs |= run_stage(stage, run, progress)
        except Exception as error:  # noqa: BLE001  an upload that fails, however it does, must not take the summary away
            if failure or first:
                progress.warn(str(error))
            first = first or error
    if first and not failure:
        raise first
    return outputs
