"""pull-request-comment: the run's summary in the pull request, as one comment that is kept up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.model import inputs
from goldenpath.report import job_summary
from goldenpath.services.pull_request import Conversation
from goldenpath.stages.base import Outcome, Run, Stage
from goldenpath.stages.summary import gather

if TYPE_CHECKING:
    from goldenpath.model.names import EcrRepository


def run(run: Run) -> Outcome:
    """Write the comment where the token allows it. That it cannot be written never fails a run."""
    number = number_of(run)
    if reason := why_not(run, number):
        return Outcome(sentence=f"no comment: {reason}", outputs={"commented": "false"})
    marker = marker_of(run.request.ecr_repository)
    text = f"{marker}\n{job_summary.render(gather(run), limit=job_summary.COMMENT_LIMIT)}"
    said = Conversation(run.runner.api_url, run.request.github_token, run.event.repository, number).say(marker, text)
    if not said.done:
        return Outcome(sentence=f"no comment: {said.why}", outputs={"commented": "false"})
    return Outcome(sentence=f"the comment in pull request {number} is up to date", outputs={"commented": "true"})


def number_of(run: Run) -> int:
    """Return the number of the pull request that this run is about; 0 where it is about none."""
    number = (run.runner.event.get("pull_request") or {}).get("number", 0)
    return number if isinstance(number, int) else 0


def marker_of(image: EcrRepository | None) -> str:
    """Return the line, unseen by readers, that tells our comment about `image` from every other."""
    return f"<!-- goldenpath: {image or 'image'} -->"


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
    inputs=(inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.GITHUB_TOKEN, inputs.WORK_DIR),
    outputs={"commented": "`true` when the comment was written."},
    run=run,
)
