"""What `goldenpath doctor` says of the job that reports a delivery: as `init` writes it, and with mistakes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.adoption import notify_checks, reusable_workflow, scaffold
from goldenpath.delivery.adoption.images import DeliveredImage
from goldenpath.shared.check_result import Level
from tests.unit.delivery.adoption.healthy_app import NAME, Forge, examined

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.checkout import GitCheckout

FILE = ".github/workflows/delivery.yml"
NOTIFY = reusable_workflow.read(reusable_workflow.NOTIFY_WORKFLOW)
WRITTEN = scaffold.caller((DeliveredImage(NAME),), "v1.2.3", notify=True)
DELIVERY, JOB = WRITTEN.split("\n  notify:\n")
PLAIN = scaffold.caller((DeliveredImage(NAME),), "v1.2.3")
SEVERAL = scaffold.caller((DeliveredImage(NAME), DeliveredImage(NAME)), "v1.2.3")
WEBHOOK = frozenset({"DELIVERY_WEBHOOK_URL", "DELIVERY_WEBHOOK_KEY"})
NAMES = WEBHOOK | {"CHAT_URL", "CHAT_KEY"}
BY_NAME = "secrets:\n      DELIVERY_WEBHOOK_URL: ${{ secrets.CHAT_URL }}\n"
KEY = "      DELIVERY_WEBHOOK_KEY: ${{ secrets.CHAT_KEY }}\n"
REPORTS = "the job `notify` of .github/workflows/delivery.yml reports every end of its delivery"


def found(text: str, secrets: frozenset[str] | None = WEBHOOK) -> list[tuple[Level, str, str]]:
    """Return level, words and fix of the remarks about the workflow `text`."""
    workflow = reusable_workflow.workflow(FILE, text)
    remarks = notify_checks.notifications(workflow, NOTIFY, Forge(secrets=secrets))
    return [(each.level, each.what, each.fix) for each in remarks]


def spoiled(*changes: tuple[str, str]) -> str:
    """Return the workflow that `init` writes with these changes in its job `notify`."""
    job = JOB
    for old, new in changes:
        assert old in job
        job = job.replace(old, new)
    return f"{DELIVERY}\n  notify:\n{job}"


MISTAKES: dict[str, tuple[tuple[str, str], Level, str, str]] = {
    "only after success": (
        ("    if: ${{ !cancelled() }}\n", ""), Level.ERROR, "runs only after success", "write `if: ${{ !can"),
    "after success, in words": (
        ("!cancelled()", "success()"), Level.ERROR, "runs only after success", "write `if: ${{ !can"),
    "a condition without a status": (
        ("!cancelled()", "github.ref_name == 'main'"), Level.ERROR, "runs only after success", "join more"),
    "after a run that was cancelled": (
        ("!cancelled()", "cancelled()"), Level.ERROR, "runs only after success", "write `if: ${{ !can"),
    "only after a failure": (
        ("!cancelled()", "failure()"), Level.ERROR, "does not run after a release", "write `if: ${{"),
    "waits for nothing": (
        ("    needs: delivery\n", ""), Level.ERROR, "does not wait for `delivery`", "add `needs: delivery`"),
    "the result of nothing": (
        ("${{ needs.delivery.result }}", "failure"), Level.ERROR,
        "`delivery_result` of the job `notify` in .github/workflows/delivery.yml is not `needs.delivery.result`",
        "write `delivery_result: ${{ needs.delivery.result }}` under `with:`"),
    "the verdict in the place of the result": (
        ("needs.delivery.result", "needs.delivery.outputs.verdict"), Level.ERROR, "`delivery_result`",
        "write `delivery_result: "),
    "no verdict": (
        ("      delivery_verdict: ${{ needs.delivery.outputs.verdict }}\n", ""), Level.ERROR,
        "a delivery that a gate blocks is reported as one that failed", "write `delivery_verdict: ${{"),
    "no release": (
        ("      delivery_released: ${{ needs.delivery.outputs.released }}\n", ""), Level.ERROR,
        "no release closes the issue", "write `delivery_released: ${{ needs.delivery.outputs.released }}`"),
    "reports by name": (
        ("outputs.reports_artifact_id", "outputs.reports_artifact"), Level.WARNING,
        "the report has no findings and no link", "write `reports_artifact_id:"),
    "no evidence": (
        ("      evidence: ${{ needs.delivery.outputs.evidence }}\n", ""), Level.WARNING,
        "nothing proves that its files are the delivery's", "write `evidence: ${{ needs.delivery.outputs.evidence }}`"),
    "another image": (
        ("ecr_repository: web", "ecr_repository: shop"), Level.WARNING, "`ecr_repository` of the job `notify`",
        "write the same `ecr_repository` in both jobs"),
    "another environment": (
        ("'dev' || 'prod'", "'prod' || 'dev'"), Level.WARNING, "`environment` of the job", "write the same"),
    "no image": (
        ("      ecr_repository: web\n", ""), Level.ERROR, "does not set ecr_repository; GitHub refuses",
        "add them under"),
    "an input of another name": (
        ("with:\n", "with:\n      result: success\n"), Level.ERROR, "inputs that _notify.yml does not have: result",
        "remove them; the inputs are delivery_released, delivery_result,"),
    "no permission": (
        ("    permissions:\n      issues: write\n", ""), Level.ERROR,
        "does not grant issues: write; GitHub refuses to start the run", "add to the job permissions: issues: write"),
    "a weaker permission": (("issues: write", "issues: read"), Level.ERROR, "does not grant issues: write", "add"),
    "one permission more": (
        ("issues: write\n", "issues: write\n      contents: write\n"), Level.WARNING,
        "grants more than it needs: contents", "grant only: issues: write"),
    "an address without a key": (
        ("secrets: inherit\n", BY_NAME), Level.ERROR,
        "passes DELIVERY_WEBHOOK_URL without DELIVERY_WEBHOOK_KEY, so no message is sent",
        "pass DELIVERY_WEBHOOK_KEY too under `secrets:`"),
    "a key without an address": (
        ("secrets: inherit\n", f"secrets:\n{KEY}"), Level.ERROR, "DELIVERY_WEBHOOK_KEY without DELIVERY_WEBHOOK_URL",
        "pass DELIVERY_WEBHOOK_URL too"),
    "a secret of another name": (
        ("secrets: inherit\n", "secrets: {WEBHOOK: x}\n"), Level.ERROR,
        "secrets that _notify.yml does not have: WEBHOOK", "pass only DELIVERY_WEBHOOK_URL and DELIVERY_WEBHOOK_KEY"),
    "another version": (
        ("@v1.2.3", "@main"), Level.WARNING, "calls the platform at `main`, and `delivery` at `v1.2.3`",
        "write `@v1.2.3` in both"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_job_is_found_with_what_to_change(mistake: str) -> None:
    change, level, what, fix = MISTAKES[mistake]
    remarks = [each for each in found(spoiled(change), NAMES) if each[0] > Level.LEFT_OUT]
    assert [each[0] for each in remarks] == [level], remarks
    assert (what in remarks[0][1], fix in remarks[0][2]) == (True, True), remarks


@pytest.mark.parametrize(
    "change",
    [
        ("!cancelled()", "always()"),
        ("!cancelled()", "! Cancelled( ) && github.ref_name == 'main'"),
        ("!cancelled()", "success() || failure()"),
        ("    needs: delivery\n", "    needs: [lint, delivery]\n"),
        ("secrets: inherit\n", f"{BY_NAME}{KEY}"),
        ("    secrets: inherit\n", ""),
        ("needs.delivery.outputs.released", "needs.delivery.outputs.released || 'false'"),
    ],
)
def test_what_reports_every_end_is_good(change: tuple[str, str]) -> None:
    assert [level for level, *_ in found(spoiled(change), NAMES) if level > Level.GOOD] == []
    assert found(spoiled(change), NAMES)[0] == (Level.GOOD, REPORTS, "")


def test_the_remark_on_a_job_that_needs_no_delivery_says_what_to_need() -> None:
    changed = spoiled(("needs: delivery", "needs: lint"), ("needs.delivery.", "needs.lint."))
    ((level, what, fix),) = [each for each in found(changed) if each[0] is Level.ERROR]
    assert (level, what) == (Level.ERROR, f"the job `notify` of {FILE} reports no job that delivers")
    assert fix.startswith("add `needs: delivery`")


@pytest.mark.parametrize("images", ["{image: [web, web]}", "'${{ fromJSON(vars.IMAGES) }}'"])
def test_a_matrix_shares_its_outputs_so_a_job_behind_it_is_an_error(images: str) -> None:
    assert "matrix: {image: [web, web]}" in SEVERAL
    delivery = SEVERAL.replace("matrix: {image: [web, web]}", f"matrix: {images}").rstrip()
    mixed = f"{delivery}\n  notify:\n{JOB.replace('ecr_repository: web', 'ecr_repository: ${{ matrix.image }}')}"
    ((level, what, fix),) = [each for each in found(mixed) if each[0] > Level.LEFT_OUT]
    assert (level, what) == (
        Level.ERROR, "`delivery` is a matrix: its images share one set of outputs, so `notify` mixes them up",
    )  # fmt: skip
    assert "`goldenpath init --monorepo --notify`" in fix


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (PLAIN, "no job of .github/workflows/delivery.yml reports deliveries of `delivery` to prod"),
        (WRITTEN, ""),
        (PLAIN.replace("|| 'prod'", "|| 'test'"), ""),
        (reusable_workflow.platform_file("docs/templates/workflows/pull-request.yml"), ""),
    ],
    ids=["prod is not reported", "prod is reported", "no environment that is notified", "a check only"],
)
def test_that_nobody_hears_of_prod_is_a_hint_and_no_failure(text: str, hint: str) -> None:
    hints = [(level, what) for level, what, fix in found(text) if fix]
    assert hints == ([(Level.GOOD, hint)] if hint else [])


EXISTING: dict[str, tuple[str, frozenset[str] | None, Level, str, str]] = {
    "both exist": (WRITTEN, WEBHOOK, Level.GOOD, "the secrets of the webhook exist", ""),
    "no webhook": (WRITTEN, frozenset(), Level.GOOD, "no webhook hears of deliveries", "set the secrets "),
    "no key": (
        WRITTEN, frozenset({"DELIVERY_WEBHOOK_URL"}), Level.WARNING, "do not exist: DELIVERY_WEBHOOK_KEY",
        "run `gh secret set DELIVERY_WEBHOOK_KEY`"),
    "nobody may list them": (WRITTEN, None, Level.LEFT_OUT, "it is unknown whether the secrets", "set a GITHUB_TOKEN"),
    "those it names are missing": (
        spoiled(("secrets: inherit\n", f"{BY_NAME}{KEY}")), WEBHOOK, Level.WARNING, "do not exist: CHAT_URL, CHAT_KEY",
        "run `gh secret set CHAT_URL` and run `gh secret set CHAT_KEY`"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXISTING)
def test_a_remark_says_whether_the_secrets_of_the_webhook_exist(name: str) -> None:
    text, secrets, level, what, fix = EXISTING[name]
    remark = found(text, secrets)[-1]
    assert (remark[0], what in remark[1], remark[2].startswith(fix)) == (level, True, True), remark


def test_the_command_looks_at_the_job(healthy: GitCheckout) -> None:
    (healthy.folder / FILE).write_text(spoiled(("    if: ${{ !cancelled() }}\n", "")))
    (remark,) = [each for each in examined(healthy) if each.about == "notify" and each.level is Level.ERROR]
    assert "runs only after success" in remark.what
