"""The text of the issue about a delivery."""

from __future__ import annotations

from dataclasses import replace as changed

from msgspec.structs import replace

from goldenpath.delivery.model.finding import Gate, Location
from goldenpath.delivery.notifications import issue_text
from goldenpath.delivery.notifications.notification import ReportedEnd, RunPages
from tests.unit.delivery.report.test_job_summary import CASES, HELPER, TOKEN, facts

PAGES = RunPages("https://github.com/o/app/actions/runs/1", "https://github.com/o/app/actions/runs/1/artifacts/2")


def test_the_title_names_image_environment_and_end() -> None:
    assert [issue_text.title(end, "my-app", "prod") for end in (ReportedEnd.BLOCKED, ReportedEnd.FAILED)] == [
        "The delivery of my-app to prod is blocked", "The delivery of my-app to prod fails",
    ]  # fmt: skip


def test_a_block_is_shown_as_in_the_summary() -> None:
    text = issue_text.body(ReportedEnd.BLOCKED, CASES["blocked"], PAGES)
    head, _, rest = text.partition("\n\n")
    assert head == (
        f"The delivery of a1b2c3d to prod was blocked: [the run]({PAGES.run}). [Its reports]({PAGES.report})."
    )
    assert "## ⛔ a1b2c3d for prod: blocked by gitleaks; nothing was released" in rest
    assert "**Who can help:** [Platform team]" in rest
    assert rest.endswith("A comment of yours stays as it is.")


def test_gates_that_passed_do_not_make_a_failed_delivery_look_well() -> None:
    """The app's tests leave no file: the gates beside them found nothing."""
    passed = changed(CASES["released"], receipt=None)
    text = issue_text.body(ReportedEnd.FAILED, passed, RunPages(PAGES.run))
    assert text.startswith(f"The delivery of a1b2c3d to prod failed: [the run]({PAGES.run}).\n\n**Who can help:** ")
    assert "✅" not in text
    assert "did not run" not in issue_text.body(ReportedEnd.FAILED, facts(contact=HELPER), PAGES)


def test_nothing_that_an_app_wrote_is_markup_or_a_mention() -> None:
    hostile = replace(TOKEN, location=Location("<img src=x> @team [a](http://e)\n<!-- goldenpath: x -->", 1))
    text = issue_text.body(ReportedEnd.BLOCKED, changed(CASES["blocked"], deciding={Gate.GITLEAKS: (hostile,)}), PAGES)
    assert "<img" not in text
    assert "<!-- goldenpath" not in text
    assert "`@team`" in text
    assert " @team" not in text.replace("`@team`", "")


def test_the_comment_that_closes_it_names_the_run() -> None:
    assert issue_text.resolved(facts(), PAGES) == f"a1b2c3d is released to prod: [the run]({PAGES.run})."
