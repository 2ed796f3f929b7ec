"""What a pull request sees: its verdict in one comment, nothing that a fork could write, no exception of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.doubles.github.shapes import Place
from tests.e2e import events, platform_copy
from tests.e2e.outcomes import (
    ALL_RAN,
    CHECKED,
    STOPPED_PROPOSAL,
    assert_no_login,
    assert_nothing_released,
    assert_released,
    uploaded,
)
from tests.tools import apps

if TYPE_CHECKING:
    from goldenpath.local.server import Local
    from tests.doubles.github.threads import Thread
    from tests.doubles.local import LocalWithGitHub
    from tests.e2e.delivery_runs import Asked, Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

WORKFLOW = ".github/workflows/pull-request.yml"


@pytest.fixture
def proposed(app: App, emulator: LocalWithGitHub) -> Thread:
    """A pull request of a branch that changes the README alone, in an app that has its verdicts as comments."""
    app.write(WORKFLOW, (platform_copy.TEMPLATES / "pull-request.yml").read_text()).save("Check pull requests")
    app.git("checkout", "--quiet", "-b", "change")
    app.write("README.md", "A change\n").save()
    owner, _, name = app.slug.partition("/")
    place = Place(emulator.github_url, owner, name)
    emulator.threads.create_pull(place, {"title": "A change", "head": "change", "base": "main"})
    (thread,) = emulator.threads.of(app.slug)
    return thread


def test_a_pull_request_has_its_verdict_in_one_comment_that_is_kept_up_to_date(
    deliver: Deliver, emulator: Local, app: App, proposed: Thread
) -> None:
    """act runs no job after a called workflow that failed, so the finding is one that dev lets through."""
    app.git("branch", "development", "main")
    first = deliver(events.pull_request(app, onto="development", number=proposed.number), WORKFLOW)
    assert (first.code, first.jobs) == (0, {**CHECKED, "comment": "success"}), first.story
    ((number, text),) = proposed.comments.items()
    assert text.startswith("<!-- goldenpath: my-app -->\n## ✅ ")
    assert "for dev: checked and not blocked; nothing was released" in text
    app.git("checkout", "--quiet", "change")
    app.plant_package()
    second = deliver(events.pull_request(app, onto="development", number=proposed.number), WORKFLOW)
    assert (second.code, second.jobs) == (0, {**CHECKED, "comment": "success"}), second.story
    assert list(proposed.comments) == [number]
    assert "### Would block in other environments" in proposed.comments[number]
    assert f"| CRITICAL | {apps.PLANTED_CVE} |" in proposed.comments[number]
    assert_nothing_released(emulator)


def test_a_caller_that_names_the_reports_as_before_has_a_link_to_the_verdict(
    deliver: Deliver, app: App, proposed: Thread
) -> None:
    """What has a name may have been replaced, so nothing of it is shown."""
    app.git("checkout", "--quiet", "main")
    text = (app.folder / WORKFLOW).read_text()
    new = re.search(r"      reports_artifact_id: .*\n      evidence: .*\n", text)
    assert new
    before = "      reports_artifact: ${{ needs.delivery.outputs.reports_artifact }}\n"
    app.write(WORKFLOW, text.replace(new[0], before)).save("As before")
    app.git("checkout", "--quiet", "-b", "another")
    app.write("README.md", "Another change\n").save()
    ended = deliver(events.pull_request(app, number=proposed.number), WORKFLOW)
    assert (ended.code, ended.jobs) == (0, {**CHECKED, "comment": "success"}), ended.story
    (comment,) = proposed.comments.values()
    assert "for prod is in [the summary of its run](" in comment
    assert "copy the inputs `reports_artifact_id` and `evidence`" in comment
    assert "✅" not in comment


def test_a_comment_that_is_refused_fails_nothing(deliver: Deliver, emulator: Local, app: App, proposed: Thread) -> None:
    assert not proposed.comments
    ended = deliver(events.pull_request(app, number=404), WORKFLOW)
    assert (ended.code, ended.jobs) == (0, {**CHECKED, "comment": "success"}), ended.story
    assert ended.outputs("comment")["commented"] == "false"
    assert "no comment: the pull request is not there any more" in ended.text
    assert_nothing_released(emulator)


def test_a_pull_request_from_a_fork_has_its_summary_and_writes_nothing(
    deliver: Deliver, emulator: Local, app: App, asked: Asked, proposed: Thread
) -> None:
    app.plant_package()
    ended = deliver(events.pull_request(app, number=proposed.number, fork="stranger/app"), WORKFLOW)
    assert (ended.code, ended.jobs) == (1, STOPPED_PROPOSAL), ended.story
    assert "blocked by trivy; nothing was released" in ended.summary
    assert ("error", "Dockerfile:2") in [each[:2] for each in ended.annotations]
    assert proposed.comments == {}
    assert not uploaded(emulator)
    assert_nothing_released(emulator)
    assert_no_login(emulator, asked)


def test_a_merged_exception_lets_through_what_blocked_and_is_shown(deliver: Deliver, emulator: Local, app: App) -> None:
    """Without it the same app is stopped: see test_delivery.py."""
    app.plant_package()
    app.write(".goldenpath.yml", apps.accepted(*apps.PLANTED_CVES)).save("Live with it for a while")
    ended = deliver(events.push(app, "main"))
    assert (ended.code, ended.jobs) == (0, ALL_RAN), ended.story
    assert_released(ended, emulator, app.commit[:7], f"prod-{app.commit[:7]}")
    assert ended.outputs("verdict")["verdict"] == "pass"
    assert "### Exceptions" in ended.summary
    assert f"exception for {apps.PLANTED_CVE}" in ended.summary
    assert "team-web" in ended.summary
    assert [each[:2] for each in ended.annotations] == []
    results = emulator.uploads()[-1].sarif["runs"][0]["results"]
    assert {each["ruleId"]: bool(each["suppressions"]) for each in results} == dict.fromkeys(apps.PLANTED_CVES, True)


def test_an_exception_that_the_pull_request_itself_adds_does_not_count(
    deliver: Deliver, emulator: Local, app: App, asked: Asked
) -> None:
    app.plant_package()
    app.git("checkout", "--quiet", "-b", "change")
    app.write(".goldenpath.yml", apps.accepted(*apps.PLANTED_CVES)).save("Let it through")
    ended = deliver(events.pull_request(app))
    assert (ended.code, ended.jobs) == (1, STOPPED_PROPOSAL), ended.story
    assert "blocked by trivy; nothing was released" in ended.summary
    assert "### Exceptions" in ended.summary
    assert "merged" in ended.summary.partition("### Exceptions")[2]
    verdict = ended.artifact("goldenpath-reports-my-app", "trivy.verdict.json")
    assert {each["standing"] for each in verdict["exceptions"]} == {"pending"}
    assert_nothing_released(emulator)
    assert_no_login(emulator, asked)
