"""The pipeline: the stages in order, once. Read this first."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from goldenpath.delivery.image import unpacked_layers
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.inputs import BUILT_FOR, CONTEXT_ARTIFACT_DIGEST, EVIDENCE
from goldenpath.delivery.model.job_inputs import COMPARE_RELEASED
from goldenpath.delivery.running.early_start import EarlyStage
from goldenpath.delivery.running.execution import run_stage
from goldenpath.delivery.stage import EVIDENCE_OUTPUT
from goldenpath.delivery.stages import (
    build,
    compare_release,
    ecr_push,
    gitleaks_gate,
    notify,
    preflight,
    pull_bases,
    pull_request_comment,
    rescan,
    sarif_upload,
    sbom,
    summary,
    trivy_gate,
)
from goldenpath.shared.parallel import alongside
from goldenpath.shared.runner import ANNOTATED_AT_MOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.model.inputs import Input, Request
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.stage import Run, Stage
    from goldenpath.shared.console import Progress

# In this order; a stage that fails or blocks ends the run.
STAGES = (
    gitleaks_gate.STAGE,
    build.STAGE,
    trivy_gate.STAGE,
    sbom.STAGE,
    ecr_push.STAGE,
)
# A job of its own before the build, so that a workflow does not build for an hour and then may not release the image.
FIRST = (preflight.STAGE,)
# Always at the end, also after a failure: the findings must be visible.
ALWAYS = (sarif_upload.STAGE, summary.STAGE)
# Separate commands: they work with the files of a finished run, or with images that were released earlier.
ASIDE = (pull_bases.STAGE, pull_request_comment.STAGE, notify.STAGE, rescan.STAGE, compare_release.STAGE)

# `deliver` runs all stages in one step, so they share the annotations that GitHub shows for a step.
_ANNOTATED_AT_MOST = ANNOTATED_AT_MOST // 3
# In one process, no other job can reach the files between the stages, so `deliver` neither takes nor returns evidence.
_BETWEEN_JOBS = {*EVIDENCE_OUTPUT, "handover"}
_NOT_GIVEN = {EVIDENCE, BUILT_FOR, CONTEXT_ARTIFACT_DIGEST}
INPUTS: tuple[Input, ...] = tuple(
    dict.fromkeys(
        (
            *(needed for stage in (*STAGES, *ALWAYS) for needed in stage.inputs if needed not in _NOT_GIVEN),
            COMPARE_RELEASED,
        )
    )
)
OUTPUTS: Mapping[str, str] = {
    name: text
    for stage in (*STAGES, *ALWAYS)
    if stage.gate is None
    for name, text in stage.outputs.items()
    if name not in _BETWEEN_JOBS
}


def shown(request: Request) -> tuple[Stage, ...]:
    """Return the stages that a delivery by `request` runs, in the order in which a view shows them."""
    first = (compare_release.STAGE,) if request.compare_released else ()
    return (*first, *STAGES, *ALWAYS)


def deliver(run: Run, progress: Progress) -> dict[str, str]:
    """Run every stage in order and return all their outputs.

    The first stage that fails or blocks ends the run and stops the stage that has started early. The stages in `ALWAYS`
    still run; then its error is raised. Raises `WorkFolderBusy` when another delivery uses the same work folder.
    """
    run.work.refuse_inside(run.request.build_context)
    with run.work.claimed():
        return _delivered(run, progress)


def _delivered(run: Run, progress: Progress) -> dict[str, str]:
    _forget_earlier_run(run.work)
    outputs: dict[str, str] = {}
    failure: BaseException | None = None
    # The stage `summary` writes one page for the whole run, so the other stages write no section of their own.
    run = replace(run, annotated_at_most=_ANNOTATED_AT_MOST)
    silent = replace(run, runner=replace(run.runner, summary_file=None))
    try:
        if run.request.compare_released:
            # Before the release: after it, the last release is this one.
            run_stage(compare_release.STAGE, silent, progress)
        outputs |= _in_order(silent, progress)
    except BaseException as error:
        failure = error
        raise
    finally:
        outputs |= _at_the_end(run, progress, failure)
    return outputs


def _in_order(run: Run, progress: Progress) -> dict[str, str]:
    """Run `STAGES` and return their outputs. A stage that can start early starts with the one before it."""
    outputs: dict[str, str] = {}
    early: EarlyStage | None = None
    with unpacked_layers.shared_or_own(None) as layers, alongside() as second:
        run = replace(run, layers=layers)
        for stage, following in zip_longest(STAGES, STAGES[1:]):
            if stage.releases and run.event.is_pull_request:
                progress.leave_out(stage.name, "a pull request is checked, never released")
                continue
            if stage.preload and not run.event.is_pull_request:
                stage.preload()
            started = early
            early = None
            if following and following.ahead:
                early = EarlyStage(following.ahead, run, second, progress.starts_early(following.name))
            outputs |= run_stage(stage, run, progress, started)
    return outputs


def _forget_earlier_run(work: WorkFolder) -> None:
    """Remove the files of an earlier run: if this run ends early, they would be taken for its verdicts and receipt."""
    gates = (name(gate) for gate in Gate for name in (work.findings, work.sarif, work.verdict))
    timings = (work.timing(stage.name) for stage in STAGES)
    work.forget(work.candidate, work.receipt, work.released.release, *timings, *work.path.glob("sbom.*.json"), *gates)


def _at_the_end(run: Run, progress: Progress, failure: BaseException | None) -> dict[str, str]:
    """Run the stages in `ALWAYS`. Raises the first error of theirs, unless the run itself had a `failure`."""
    outputs: dict[str, str] = {}
    first: Exception | None = None
    for stage in ALWAYS:
        try:
            outputs |= run_stage(stage, run, progress)
        except Exception as error:  # noqa: BLE001  a failed upload must not prevent the summary
            if failure or first:
                progress.warn(str(error))
            first = first or error
    if first and not failure:
        raise first
    return outputs
