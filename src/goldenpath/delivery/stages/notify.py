"""notify: report how a delivery ended, in one issue that is kept up to date and to a signed webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.github.delivery_issue import DeliveryIssue, IssueChange
from goldenpath.delivery.model import inputs, job_inputs, stage_requests
from goldenpath.delivery.model.stage_requests import ImageRequest
from goldenpath.delivery.notifications import issue_text, webhook
from goldenpath.delivery.notifications.notification import (
    DeliverySubject,
    ReportedEnd,
    RunPages,
    end_of,
    notification,
)
from goldenpath.delivery.notifications.webhook import Webhook
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.delivery.report.run_facts import gather
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared import codec, runner
from goldenpath.shared.errors import BadInput, EvidenceMismatch

if TYPE_CHECKING:
    from goldenpath.shared.names import EcrRepository

UNREAD = "The files of this delivery are not those that its jobs wrote, so only its end is reported."


def run(run: Run) -> Outcome:
    """Write or close the issue, then call the webhook. What cannot be reported is a warning and fails no run."""
    request = run.request
    end = end_of(request.delivery_result, request.delivery_verdict, released=request.delivery_released)
    reason = why_not(run, end)
    if reason or end is None:
        return Outcome(f"nothing to report: {reason}", outputs={"issue": "", "webhook": "none"})
    name = stage_requests.of(ImageRequest, request).ecr_repository
    known, pages = facts_of(run), pages_of(run)
    unread = () if known else (UNREAD,)
    facts = known or without_files(run)
    issue = _issue(run, end, name, facts, pages)
    hook, refused = _webhook(run, end, name, facts, pages, issue)
    written = f"#{issue.number} is {issue.did}" if issue.number else f"no issue is {issue.did.removeprefix('not ')}"
    warnings = (*unread, *((f"The issue is {issue.did}: {issue.why}",) if issue.why else ()), *refused)
    outputs = {"issue": issue.url, "webhook": hook}
    return Outcome(f"{name} to {run.environment.name}: {end}; {written}; webhook: {hook}", outputs, warnings)


def why_not(run: Run, end: ReportedEnd | None) -> str:
    """Return why nothing is reported; empty when something is."""
    if run.event.is_pull_request or run.event.fork:
        return "a pull request or a merge queue is checked, never released"
    if end is None:
        return "the delivery was cancelled or skipped, or only checked"
    if not run.environment.notified:
        return f"the platform's rules send no notifications for {run.environment.name}"
    # Whoever tries a branch of their own says nothing about what is released.
    return "" if run.environment.allows_ref(run.event.ref) else f"{run.environment.name} takes no release of this ref"


def facts_of(run: Run) -> Facts | None:
    """Return what the files of the delivery say; `None` where they are not those that its jobs wrote."""
    if run.work.evidence is not None and not run.work.evidence.digests:
        return without_files(run)
    try:
        return gather(run.work, run.environment.name, run.event.commit, run.environment.longest_exception)
    except EvidenceMismatch:
        return None


def without_files(run: Run) -> Facts:
    """Return what is known of a delivery that left no files."""
    return Facts(run.environment.name, run.event.commit, (), contact=run.policy.contact)


def pages_of(run: Run) -> RunPages:
    """Return the pages of this run."""
    page = run.runner.run_page
    artifact = run.request.reports_artifact_id
    return RunPages(page, f"{page}/artifacts/{artifact}" if artifact and artifact != "0" else "")


def _issue(run: Run, end: ReportedEnd, name: EcrRepository, facts: Facts, pages: RunPages) -> IssueChange:
    environment, token = run.environment.name, run.request.github_token
    if not token:
        return IssueChange("not written", why="there is no token")
    marker = f"delivery of {name} to {environment}"
    number = int(run.runner.run_id) if run.runner.run_id.isdecimal() else 0
    issue = DeliveryIssue(run.runner.api_url, token, run.event.repository, marker, number)
    if end is ReportedEnd.RELEASED:
        return issue.close(issue_text.resolved(facts, pages))
    return issue.open(issue_text.title(end, name, environment), issue_text.body(end, facts, pages))


def _webhook(
    run: Run, end: ReportedEnd, name: EcrRepository, facts: Facts, pages: RunPages, issue: IssueChange
) -> tuple[str, tuple[str, ...]]:
    """Call the webhook, if there is one. Return the output `webhook` and the warnings."""
    request = run.request
    if not request.webhook_url:
        return "none", ()
    about = DeliverySubject(run.event.repository, name, run.event.ref)
    message = notification(end, request.delivery_verdict, about, facts, pages, issue.url)
    try:
        hook = Webhook(request.webhook_url, request.webhook_key)
        why = webhook.send(hook, codec.encode(message), runner.variables())
    except BadInput as error:  # of the secrets, or of the runner's proxy
        return "failed", (str(error),)
    return ("failed", (f"The webhook did not take the message: {why}. The delivery stands.",)) if why else ("sent", ())


STAGE = Stage(
    name="notify",
    help="Report how a delivery ended: in one issue that is kept up to date, and to a signed webhook.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, job_inputs.DELIVERY_RESULT,
        job_inputs.DELIVERY_VERDICT, job_inputs.DELIVERY_RELEASED, job_inputs.REPORTS_ARTIFACT_ID, inputs.GITHUB_TOKEN,
        job_inputs.WEBHOOK_URL, job_inputs.WEBHOOK_KEY, inputs.WORK_DIR, inputs.EVIDENCE,
    ),
    outputs={
        "issue": "Address of the issue; empty where none was written or closed.",
        "webhook": "`sent`, `failed`, or `none` where there is none.",
    },
    run=run,
    reads_files=True,
)  # fmt: skip
