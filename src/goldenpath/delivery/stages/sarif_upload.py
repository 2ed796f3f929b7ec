"""sarif-upload: upload the findings to GitHub code scanning, so that the Security tab shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.github.code_scanning import AnalyzedCommit, CodeScanning, UploadEnd
from goldenpath.delivery.model import inputs, stage_requests
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.stage_requests import UploadRequest
from goldenpath.delivery.running.upload_conditions import why_not
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared.errors import CodeScanningOff, SarifRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

_GRANT = "Give the job `permissions: security-events: write` (private repositories: `actions: read` too)"


def run(run: Run) -> Outcome:
    """Upload the SARIF file of every gate that ran, one category each, and wait until GitHub has processed them."""
    ready = [gate for gate in Gate if run.work.has(run.work.verdict(gate))]
    if reason := why_not(run, ready):
        return Outcome(sentence=f"no SARIF uploaded: {reason}", outputs={"uploaded": ""})
    scanning = CodeScanning(run.runner.api_url, stage_requests.of(UploadRequest, run.request).github_token)
    analysis = AnalyzedCommit(run.event.repository, run.event.commit, run.event.ref)
    done: list[str] = []
    for gate in ready:
        run.say(f"uploading {run.work.sarif(gate).name} to code scanning")
        try:
            end = scanning.upload(run.work.read_sarif(gate), analysis)
        except CodeScanningOff as error:
            if run.environment.code_scanning_required:
                raise
            return _not_shown(error)
        if end is not UploadEnd.PROCESSED:
            return _not_uploaded(run, end, done)
        done.append(gate.value)
    return Outcome(sentence=f"SARIF processed by GitHub: {', '.join(done)}", outputs={"uploaded": ",".join(done)})


def _not_uploaded(run: Run, end: UploadEnd, done: Sequence[str]) -> Outcome:
    """Return the outcome of a run whose findings GitHub no longer accepts, through no mistake of the app.

    Raises `SarifRefused` where the token may not upload, but for Dependabot, whose runs have a token that may only read
    unless the repository's workflow grants more.
    """
    if end is UploadEnd.REF_GONE:
        reason = f"GitHub no longer has {run.event.ref}: it was merged, closed or deleted during this run"
    elif run.event.by_dependabot:
        reason = f"Dependabot's run has a token that may not write security events; to change that, g{_GRANT[1:]}"
    else:
        raise SarifRefused(
            f"GitHub did not take the SARIF file for {run.event.repository}",
            why="The token of this job may not write security events",
            fix=_GRANT,
        )
    return Outcome(f"no SARIF uploaded: {reason}", {"uploaded": ",".join(done)}, warnings=(f"{reason}.",))


def _not_shown(error: CodeScanningOff) -> Outcome:
    """Return the outcome where the platform advises code scanning and the repository has none."""
    advice = f"{error.what}: GitHub does not show these findings; the run's summary and artifacts have them"
    return Outcome(sentence="no SARIF uploaded: code scanning is off", outputs={"uploaded": ""}, warnings=(advice,))


STAGE = Stage(
    name="sarif-upload",
    help="Upload the findings to GitHub code scanning, where the environment's rules ask for it.",
    inputs=(inputs.ENVIRONMENT, inputs.SOURCE, inputs.GITHUB_TOKEN, inputs.WORK_DIR, inputs.EVIDENCE),
    outputs={"uploaded": "The gates whose SARIF GitHub processed, separated by commas."},
    run=run,
    reads_files=True,
)
