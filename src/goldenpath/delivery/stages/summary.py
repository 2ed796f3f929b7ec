"""summary: show the whole run on one page, however it ended."""

from __future__ import annotations

from goldenpath.delivery.model import inputs
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.report.run_facts import gather
from goldenpath.delivery.stage import Outcome, Run, Stage


def run(run: Run) -> Outcome:
    """Write the job summary from the files in the work folder; a stage without a file did not run."""
    facts = gather(run.work, run.environment.name, run.event.commit, run.environment.longest_exception)
    run.runner.append_summary(job_summary.render(facts))
    return Outcome(sentence=job_summary.headline(facts), outputs={"ending": facts.ending.value})


STAGE = Stage(
    name="summary",
    help="Write the job summary of the whole run: verdict, findings to fix, image and stages.",
    inputs=(inputs.ENVIRONMENT, inputs.SOURCE, inputs.WORK_DIR, inputs.EVIDENCE),
    outputs={"ending": "How the run ended: `released`, `checked`, `blocked` or `failed`."},
    run=run,
    reads_files=True,
    writes_summary=True,
)
