"""Every row of `tests/data/runs.md` holds when GitHub's evaluator computes the expressions of our workflows."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from tests.judges import events, files, reading, scenario, table
from tests.judges.caller import Caller
from tests.tools.command import ROOT

from goldenpath.delivery.adoption import scaffold
from goldenpath.delivery.adoption.images import DeliveredImage
from goldenpath.shared.names import EcrRepository

if TYPE_CHECKING:
    from tests.judges.judge import Judge
    from tests.judges.table import Row

ROWS = tuple(table.rows(ROOT / "tests" / "data" / "runs.md"))
SHOWN = {file.name: file.text for file in files.callers()}
PULL_REQUEST = "docs/templates/workflows/pull-request.yml"
COMMENT = "Whether the pull request has a comment"
REPORTED, NOTIFY = "Whether a delivery is reported", "docs/templates/workflows/delivery-notify.yml"
CALLED = ".github/workflows/_build-and-release.yml"
TEMPLATE = "docs/templates/workflows/delivery.yml"


def actual(judge: Judge, row: Row, spoiled: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the actual value of each expected column of `row`; `spoiled` holds changed files."""

    def read(path: str) -> Mapping[str, Any]:
        return judge.read((spoiled or {}).get(path) or SHOWN.get(path) or (ROOT / path).read_text())

    of = row.given
    name = of.get("caller") or ("pull-request.yml" if row.heading == COMMENT else "delivery.yml")
    event = events.parse(of["event"])
    if "secrets" in of:
        event = dataclasses.replace(event, secrets=reading.secrets(of["secrets"], events.SECRETS))
    caller = Caller(judge, read(reading.CALLERS[name]), read, reading.inputs(of.get("inputs", "")))
    before = scenario.parse(of["first attempt"]) if "first attempt" in of else None
    run = caller.run(event, scenario.parse(of.get("what happens", "")), before)
    return {column: reading.observed(column, run) for column in row.expected}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_run_is_what_the_table_says(judge: Judge, row: Row) -> None:
    assert actual(judge, row) == row.expected


# Mistakes in the workflows: the section of the table that must fail, the file, the job (empty for the whole file), the
# text to replace, and its replacement.
ENVIRONMENT, JOBS, ENDS = "Which environment's rules decide", "Which jobs run", "What follows when a job"
TAKES, ATTEMPTS, ROLE = "What each job takes", "What a second attempt", "Whose role"
WAITS, BUILT, EARLIER = "Which GitHub environment", "What is built", "What an earlier job built"
BASES, COMPARED = "Private base images", "Comparison with the last release"
MISTAKES = {
    "dev and prod change places": (ENVIRONMENT, TEMPLATE, "", "'dev' || 'prod'", "'prod' || 'dev'"),
    "the registry of another name": (
        ENVIRONMENT, TEMPLATE, "", "github.event.repository.name", "github.event.organization.login"),
    "no run for a tag": (ENVIRONMENT, TEMPLATE, "", "    tags: ['v*']\n", ""),
    "a form that is not asked": (ENVIRONMENT, TEMPLATE, "", "inputs.environment || ", ""),
    "the base of a pull request is forgotten": (ENVIRONMENT, TEMPLATE, "", "github.base_ref || ", ""),
    "one queue for every environment": (
        ENVIRONMENT, CALLED, "push", "goldenpath-${{ inputs.environment }}", "goldenpath"),
    "a pull request is released": (JOBS, CALLED, "push", "!startsWith(github.event_name, 'pull_request')", "true"),
    "a pull request asks AWS": (JOBS, CALLED, "preflight", "!startsWith(github.event_name, 'pull_request')", "true"),
    "a check is released": (JOBS, CALLED, "push", "!inputs.skip_push", "true"),
    "AWS is asked before an approval": (JOBS, CALLED, "preflight", "!inputs.approval", "true"),
    "nothing to test means nothing to release": (JOBS, CALLED, "push", "!failure() && !cancelled() && ", ""),
    "the scan is not waited for": (ENDS, CALLED, "push", "needs.scan.result == 'success'", "true"),
    "a gate that ran out of time lets pass": (
        ENDS, CALLED, "build", "needs.gitleaks-gate.result == 'success'", "needs.gitleaks-gate.result != 'failure'"),
    "tests that ran out of time let pass": (
        ENDS, CALLED, "build", """contains(fromJSON('["success", "skipped"]'), needs.test.result)""",
        "needs.test.result != 'failure'"),
    "platforms are built after a time-out": (
        ENDS, CALLED, "platform", " && !contains(needs.*.result, 'cancelled')", ""),
    "nothing is reported of a run that failed": (ENDS, CALLED, "report", "if: always()", "if: success()"),
    "a time-out is no error": (ENDS, CALLED, "verdict", "|| contains(env.RESULTS, 'cancelled'))", ")"),
    "a failure is no error": (ENDS, CALLED, "verdict", "|| contains(env.RESULTS, 'failure')", ""),
    "a comparison that ran out of time fails the run": (
        COMPARED, CALLED, "verdict", "contains(env.RESULTS, 'cancelled')", "contains(needs.*.result, 'cancelled')"),
    "a comparison that failed fails the run": (
        COMPARED, CALLED, "verdict", "contains(env.RESULTS, 'failure')", "contains(needs.*.result, 'failure')"),
    "a comparison in a pull request": (
        COMPARED, CALLED, "compare-release", "!startsWith(github.event_name, 'pull_request')", "true"),
    "a comparison before an approval": (COMPARED, CALLED, "compare-release", "!inputs.approval", "true"),
    "a comparison that nobody asked for": (COMPARED, CALLED, "compare-release", "inputs.compare_released && ", ""),
    "a comparison by another environment's role": (
        COMPARED, CALLED, "compare-release", "secrets.TF_AWS_IAM_ROLE_PROD", "secrets.TF_AWS_IAM_ROLE_TEST"),
    "a comparison without its evidence": (
        COMPARED, CALLED, "verdict", "needs.compare-release.outputs.evidence", "''"),
    "evidence of a scan that was not handed over": (
        COMPARED, CALLED, "compare-release", "steps.release.outputs.artifact-id && steps.compare", "steps.compare"),
    "only what both gates block is blocked": (ENDS, CALLED, "verdict", "|| needs.scan.result", "&& needs.scan.result"),
    "an advice is not passed on": (ENDS, CALLED, "verdict", "|| needs.scan.outputs.verdict == 'advise'", ""),
    "a stopped run has no verdict": (ENDS, CALLED, "verdict", "if: always()", "if: success()"),
    "a verdict is not taken along": (TAKES, CALLED, "push", "${{ needs.scan.outputs.reports }}", "0"),
    "the first attempt's reports are shown": (
        ATTEMPTS, CALLED, "verdict", "needs.build.result != 'skipped' && needs.build.outputs.reports",
        "needs.build.outputs.reports"),
    "the first attempt's receipt is shown": (
        ATTEMPTS, CALLED, "verdict", "needs.push.result != 'skipped' && needs.push.outputs.receipt",
        "needs.push.outputs.receipt"),
    "the first attempt's verdict is believed": (
        ATTEMPTS, CALLED, "gitleaks-gate", "steps.gate.outputs.verdict || 'none'", "steps.gate.outputs.verdict"),
    "another environment's role": (
        ROLE, CALLED, "preflight", "secrets.TF_AWS_IAM_ROLE_TEST", "secrets.TF_AWS_IAM_ROLE_PROD"),
    "no role for all": (ROLE, CALLED, "push", "|| secrets.AWS_ROLE_ARN", ""),
    "secrets for a job that only joins": (
        "Who is given the secrets", CALLED, "build", "!inputs.runners && secrets.BUILD_SECRETS",
        "secrets.BUILD_SECRETS"),
    "base images for a fork": (
        BASES, CALLED, "bases", "github.event.pull_request.head.repo.full_name == github.repository", "true"),
    "no base images for a pull request": (
        BASES, CALLED, "bases", "|| github.event.pull_request.head.repo.full_name == github.repository", ""),
    "base images that nobody named": (BASES, CALLED, "bases", "inputs.private_bases != '' && ", ""),
    "a build without its base images": (
        BASES, CALLED, "build", """&& contains(fromJSON('["success", "skipped"]'), needs.bases.result)""", ""),
    "base images that nobody reported": (BASES, CALLED, "platform", "needs.bases.outputs.evidence || ''", "''"),
    "base images for a job that only joins": (
        BASES, CALLED, "build", "inputs.runners == '' && needs.bases", "needs.bases"),
    "every release waits for somebody": (
        WAITS, CALLED, "push", "inputs.approval && inputs.environment", "inputs.environment"),
    "runners in the place of platforms": (BUILT, CALLED, "build", "*.platform, ','", "*.runner, ','"),
    "a platform is left out": (BUILT, CALLED, "build", "${{ needs.platform.outputs.linux-arm64 }}", "0"),
    "what an earlier job built is not scanned": (
        EARLIER, CALLED, "gitleaks-gate", "inputs.context_artifact_id || '0'", "'0'"),
    "what an earlier job built is taken by the release": (
        EARLIER, CALLED, "push", "${{ needs.build.outputs.candidate }},", "${{ inputs.context_artifact_id }},"),
    "the build is not told what was scanned": (
        EARLIER, CALLED, "build", "${{ needs.gitleaks-gate.outputs.context_artifact_digest }}", "''"),
    "no comment when something failed": (COMMENT, PULL_REQUEST, "comment", "    if: ${{ !cancelled() }}\n", ""),
    "a comment by name": (COMMENT, PULL_REQUEST, "comment", "outputs.reports_artifact_id", "outputs.reports_artifact"),
    "a comment in a pull request from a fork": (
        COMMENT, ".github/workflows/_pull-request-comment.yml", "comment",
        "github.event.pull_request.head.repo.full_name == github.repository", "true"),
    "a block is reported as a success": (REPORTED, NOTIFY, "notify", "needs.delivery.result", "'success'"),
    "nothing is reported where something failed": (REPORTED, NOTIFY, "notify", "    if: ${{ !cancelled() }}\n", ""),
    "a run that was cancelled is reported": (REPORTED, NOTIFY, "notify", "!cancelled()", "always()"),
    "a report on a pull request": (
        REPORTED, ".github/workflows/_notify.yml", "notify", "!startsWith(github.event_name, 'pull_request')", "true"),
    "a report on a merge queue": (
        REPORTED, ".github/workflows/_notify.yml", "notify",
        ("&& github.event_name != 'merge_group' && !startsWith(github.event_name, 'pull_request')\n"
        "      && !startsWith(github.ref, 'refs/heads/gh-readonly-queue/')"),
        "&& !startsWith(github.event_name, 'pull_request')"),
    "the queue's own base is forgotten": (ENVIRONMENT, TEMPLATE, "", "github.event.merge_group.base_ref || ", ""),
    "nobody listens to a merge queue": (ENVIRONMENT, TEMPLATE, "", "  merge_group:\n", ""),
}  # fmt: skip


def spoil(path: str, job: str, old: str, new: str) -> dict[str, str]:
    """Return the file at `path` with `new` in the place of `old` in the job `job`, wherever that stands."""
    text = (ROOT / path).read_text()
    job_in_text = re.compile(rf"(?m)^  {job}:.*\n(?:(?:   .*)?\n)*")
    part = next(job_in_text.finditer(text))[0] if job else text
    assert old in part
    return {path: text.replace(part, part.replace(old, new))}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_an_expression_makes_a_row_fail(judge: Judge, mistake: str) -> None:
    heading, *where = MISTAKES[mistake]
    rows = [row for row in ROWS if row.heading.startswith(heading)]
    spoiled = spoil(*where)
    assert any(actual(judge, row, spoiled) != row.expected for row in rows)


IMAGES = (
    DeliveredImage(EcrRepository("shop-api"), "services/api/Dockerfile", "services/api"),
    DeliveredImage(EcrRepository("shop-web"), "web/Dockerfile.prod", "."),
)


@pytest.mark.parametrize(
    ("images", "event", "calls"),
    [
        (IMAGES, "push to develop", [
            ("dev", "shop-api", "services/api", "services/api/Dockerfile"),
            ("dev", "shop-web", ".", "web/Dockerfile.prod")]),
        (IMAGES[:1], "push to main", [("prod", "shop-api", "services/api", "./services/api/Dockerfile")]),
        (IMAGES[1:], "pull request into develop", [("dev", "shop-web", ".", "./web/Dockerfile.prod")]),
        (IMAGES, "push to development", []),
    ],
)  # fmt: skip
def test_what_init_writes_delivers_each_image_by_the_branches_of_the_app(
    judge: Judge, images: tuple[DeliveredImage, ...], event: str, calls: list[tuple[str, ...]]
) -> None:
    def read(path: str) -> Mapping[str, Any]:
        return judge.read((ROOT / path).read_text())

    caller = Caller(judge, judge.read(scaffold.caller(images, "main", "develop")), read)
    ran = caller.run(events.parse(event), scenario.parse("")).calls
    names = ("environment", "ecr_repository", "build_context", "dockerfile_path")
    assert [tuple(call.inputs[name] for name in names) for each in ran.values() for call in each] == calls
