"""summary: show the whole run on one page, however it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model import inputs
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.report.run_facts import gather
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    from goldenpath.delivery.report.job_summary import Facts


def run(run: Run) -> Outcome:
    """Write the job summary from the files in the work folder; a stage without a file did not run."""
    facts = gather(run.work, run.environment.name, run.event.commit, run.environment.longest_exception)
    run.runner.append_summary(job_summary.render(facts))
    if facts.difference:
        run.say(facts.difference.sentence)
    outputs = {"ending": facts.ending.value}
    # A terminal has `goldenpath report`, which builds it when somebody looks.
    problem = report_problem(run, facts) if run.runner.in_actions else ""
    return Outcome(job_summary.headline(facts), outputs, warnings=(problem,) if problem else ())


def report_problem(run: Run, facts: Facts) -> str:
    """Write the delivery report. Return why that is impossible, else an empty text: no run fails for its report."""
    # No other stage needs Jinja2.
    from jinja2 import TemplateError  # noqa: PLC0415

    from goldenpath.delivery.report import html_report  # noqa: PLC0415

    try:
        run.work.forget(run.work.report)
        html_report.write(run.work, facts, run.work.report)
    except (GoldenPathError, TemplateError) as error:
        return f"The delivery report could not be built, which changes nothing else. {error}"
    return ""


STAGE = Stage(
    name="summary",
    help="Write the job summary of the whole run, and in a workflow run its delivery report, `report.html`.",
    inputs=(inputs.ENVIRONMENT, inputs.SOURCE, inputs.WORK_DIR, inputs.EVIDENCE),
    outputs={"ending": "How the run ended: `released`, `checked`, `blocked` or `failed`."},
    run=run,
    reads_files=True,
    writes_summary=True,
)
