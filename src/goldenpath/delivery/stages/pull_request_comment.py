"""pull-request-comment: show the run's summary in its pull request, in one comment that is kept up to date."""

from __future__ import annotations

from goldenpath.delivery.github import pull_request
from goldenpath.delivery.model import inputs, stage_requests
from goldenpath.delivery.model.stage_requests import ImageRequest
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.report.run_facts import gather
from goldenpath.delivery.stage import Outcome, Run, Stage

HOW_TO_SHOW_IT = (
    "To have the verdict here, copy the inputs `reports_artifact_id` and `evidence` of _pull-request-comment.yml from "
    "docs/templates/workflows/pull-request.yml of the platform."
)


def run(run: Run) -> Outcome:
    """Write the comment where the token allows it. A comment that cannot be written never fails a run.

    Raises `EvidenceMismatch` when a file is not the one that the delivery wrote.
    """
    number = number_of(run)
    if reason := why_not(run, number):
        return Outcome(sentence=f"no comment: {reason}", outputs={"commented": "false"})
    warnings = () if can_be_checked(run) else (HOW_TO_SHOW_IT,)
    shown = _summary(run) if can_be_checked(run) else pointer(run)
    name = stage_requests.of(ImageRequest, run.request).ecr_repository
    if why := pull_request.write_comment(
        run.runner.api_url, run.request.github_token, run.event.repository, number, name, shown
    ):
        return Outcome(f"no comment: {why}", outputs={"commented": "false"}, warnings=warnings)
    sentence = f"the comment in pull request {number} is up to date"
    return Outcome(sentence, outputs={"commented": "true"}, warnings=warnings)


def _summary(run: Run) -> str:
    facts = gather(run.work, run.environment.name, run.event.commit, run.environment.longest_exception)
    return job_summary.render(facts, limit=job_summary.COMMENT_LIMIT)


def can_be_checked(run: Run) -> bool:
    """Tell whether the caller passed the evidence for the reports. Earlier callers passed only the artifact's name."""
    return run.work.evidence is None or bool(run.work.evidence.digests)


def pointer(run: Run) -> str:
    """Return a comment that shows no unchecked report, and links to the verdict instead."""
    place = run.runner.run_page
    about = f"{run.event.commit.short} for {run.environment.name}"
    return f"The verdict on {about} is in [the summary of its run]({place}).\n\n{HOW_TO_SHOW_IT}\n"


def number_of(run: Run) -> int:
    """Return the number of the pull request that this run is about; 0 where it is about none."""
    number = (run.runner.event.get("pull_request") or {}).get("number", 0)
    return number if isinstance(number, int) else 0


def why_not(run: Run, number: int) -> str:
    """Return why no comment can be written; empty when one can."""
    if not number:
        return "this run is about no pull request"
    if run.event.fork:
        return "the pull request comes from a fork, whose token may not write"
    return "" if run.request.github_token else "there is no token"


STAGE = Stage(
    name="pull-request-comment",
    help="Show the run's summary in its pull request, as one comment that is kept up to date.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.GITHUB_TOKEN, inputs.WORK_DIR,
        inputs.EVIDENCE,
    ),
    outputs={"commented": "`true` when the comment was written."},
    run=run,
    reads_files=True,
)  # fmt: skip
