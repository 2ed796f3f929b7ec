"""The thin caller of an app → the reusable workflow → the actions, on a real runner, with real tools and a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import environments
from tests.e2e import events, guide, platform_copy
from tests.e2e.delivery_runs import CALLER
from tests.e2e.outcomes import (
    ALL_RAN,
    CHECKED,
    LEAKED,
    REFUSED,
    STOPPED,
    UNKNOWN,
    assert_no_login,
    assert_nothing_released,
    assert_only_looked,
    assert_released,
    roles_assumed,
    uploaded,
)
from tests.tools import apps
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from goldenpath.local.server import Local
    from tests.e2e.delivery_runs import Asked, Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

# As the guide shows it, and a look at the other outputs.
DEPLOYING = (
    guide.deploying()
    + """\
      - run: echo "it is ${{ needs.delivery.outputs.image }}, ${{ needs.delivery.outputs.image_digest }}"
      - run: echo "${{ needs.delivery.outputs.verdict }}, ${{ needs.delivery.outputs.sbom_artifact }}"
      - run: echo "in ${{ needs.delivery.outputs.image_name }} as ${{ needs.delivery.outputs.tags }}"
"""
)
ONE_STEP = """
name: one step
on: push
jobs:
  whole:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      id-token: write
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0
      - uses: {platform}@main
        with:
          environment: dev
          ecr_repository: my-app
          role_arn: ${{{{ secrets.TF_AWS_IAM_ROLE_DEV }}}}
"""


def test_a_push_to_development_is_released_to_dev(deliver: Deliver, emulator: Local, app: App) -> None:
    ended = deliver(events.push(app, "development"))
    assert (ended.code, ended.jobs) == (0, ALL_RAN), ended.story
    assert_released(ended, emulator, app.commit[:7], f"dev-{app.commit[:7]}", "latest")
    assert roles_assumed(emulator) == {"deliver-dev"}
    assert not emulator.uploads()
    assert "::add-mask::" not in ended.text, "a secret was printed instead of being hidden"


def test_a_run_started_by_hand_is_released_to_the_chosen_environment(
    deliver: Deliver, emulator: Local, app: App
) -> None:
    """GitHub's evaluator chooses the environment and its role for each of them in tests/data/runs.md."""
    ended = deliver(events.dispatch(app, environment="staging"))
    assert (ended.code, ended.jobs) == (0, ALL_RAN), ended.story
    assert_released(ended, emulator, app.commit[:7], f"staging-{app.commit[:7]}")
    assert roles_assumed(emulator) == {"deliver-staging"}
    assert [tool for tool, *_ in uploaded(emulator)] == ["gitleaks", "trivy"]


def test_a_release_tag_adds_its_version_and_the_caller_learns_what_was_released(
    deliver: Deliver, emulator: Local, app: App
) -> None:
    app.write(CALLER, platform_copy.CALLER.read_text() + DEPLOYING).save("Deploy what was released")
    ended = deliver(events.push_tag(app, "v1.2.3"))
    assert (ended.code, ended.jobs) == (0, ALL_RAN | {"deploy": "success"}), ended.story
    tags = (app.commit[:7], f"prod-{app.commit[:7]}", "1.2.3")
    digest = assert_released(ended, emulator, *tags)
    assert {file.name for file in (ended.artifacts / "goldenpath-sbom-my-app").iterdir()} >= {"sbom.spdx.json"}
    assert f"deploying {emulator.registry_host}/my-app@{digest}" in ended.text
    assert f"in my-app as {','.join(tags)}" in ended.text
    assert f"it is {emulator.registry_host}/my-app:{app.commit[:7]}, {digest}" in ended.text
    assert "pass, goldenpath-sbom-my-app" in ended.text
    page = (ended.artifacts / "goldenpath-report-my-app" / "report.html").read_text()
    assert all(f'<section id="{part}"' in page for part in ("stages", "layers", "packages"))
    assert digest in page


def test_a_pull_request_is_checked_and_nothing_more(deliver: Deliver, emulator: Local, app: App, asked: Asked) -> None:
    app.git("checkout", "--quiet", "-b", "change")
    app.write("README.md", "A change\n").save()
    ended = deliver(events.pull_request(app, onto="main"))
    assert (ended.code, ended.jobs) == (0, CHECKED), ended.story
    assert ended.outputs("scan")["verdict"] == "pass"
    assert ended.artifact("goldenpath-reports-my-app", "gitleaks.json")["seen"]["commits"] == "2"
    assert_nothing_released(emulator)
    assert_no_login(emulator, asked)
    assert [(tool, ref) for tool, _, ref, _ in uploaded(emulator)] == [
        ("gitleaks", "refs/pull/7/merge"),
        ("trivy", "refs/pull/7/merge"),
    ]


def test_a_secret_on_main_stops_the_run_before_anything_is_built(
    deliver: Deliver, emulator: Local, app: App, asked: Asked
) -> None:
    before = app.commit
    token = app.plant_secret()
    ended = deliver(events.push(app, "main", before=before))
    assert (ended.code, ended.jobs) == (1, LEAKED), ended.story
    assert ended.steps["gitleaks-gate / gitleaks-gate"] == "failure"
    assert "error[gate-blocked]: gitleaks blocks the release to prod" in ended.text
    assert token not in ended.text
    page = (ended.artifacts / "goldenpath-report-my-app" / "report.html").read_text()
    assert f"<h1>⛔ {app.commit[:7]} for prod: blocked by gitleaks; nothing was released</h1>" in page
    assert token not in page
    assert "[Delivery report](" in ended.summary
    assert [each[:2] for each in ended.annotations] == [("error", "config.py:1")]
    assert ended.outputs("verdict")["verdict"] == "block"
    assert f"{app.commit[:7]} for prod: blocked by gitleaks; nothing was released" in ended.summary
    assert_nothing_released(emulator)
    assert_only_looked(emulator, asked)
    assert [tool for tool, *_ in uploaded(emulator)] == ["gitleaks"]


def test_a_vulnerable_package_on_main_stops_the_run_before_anything_is_pushed(
    deliver: Deliver, emulator: Local, app: App, asked: Asked
) -> None:
    app.plant_package()
    ended = deliver(events.push(app, "main"))
    assert (ended.code, ended.jobs) == (1, STOPPED), ended.story
    assert ended.steps["scan / trivy-gate"] == "failure"
    assert f"CRITICAL {apps.PLANTED_CVE}" in ended.text
    assert "scan / sbom" not in ended.steps
    assert {each[:2] for each in ended.annotations} == {("error", "Dockerfile:2")}
    assert f"| CRITICAL | {apps.PLANTED_CVE} |" in ended.summary
    assert_nothing_released(emulator)
    assert_only_looked(emulator, asked)
    assert [tool for tool, *_ in uploaded(emulator)] == ["gitleaks", "trivy"]


def test_a_secret_and_a_vulnerable_package_on_development_are_released_with_warnings(
    deliver: Deliver, emulator: Local, app: App
) -> None:
    token = app.plant_package().plant_secret()
    ended = deliver(events.push(app, "development"))
    assert (ended.code, ended.jobs) == (0, ALL_RAN), ended.story
    assert_released(ended, emulator, app.commit[:7], f"dev-{app.commit[:7]}", "latest")
    assert ended.outputs("verdict")["verdict"] == "advise"
    assert "Would block in other environments" in ended.summary
    for gate in ("gitleaks", "trivy"):
        verdict = ended.artifact("goldenpath-reports-my-app", f"{gate}.verdict.json")
        assert (verdict["result"], verdict["would_block_in"]) == ("advise", [*environments.BLOCKING])
    assert token not in ended.text


def test_the_whole_pipeline_is_one_step_too(deliver: Deliver, emulator: Local, platform: object, app: App) -> None:
    pinned = next(name for name in platform_copy.repositories(ROOT) if name.startswith("actions/checkout@"))
    workflow = ".github/workflows/one-step.yml"
    app.write(workflow, ONE_STEP.format(checkout=pinned, platform=platform_copy.SLUG)).save("Deliver in one step")
    ended = deliver(events.push(app, "development"), workflow)
    assert (ended.code, ended.jobs) == (0, {"whole": "success"}), ended.story
    digest = emulator.tags("my-app")["latest"]
    assert emulator.tags("my-app") == dict.fromkeys((app.commit[:7], f"dev-{app.commit[:7]}", "latest"), digest)
    assert ended.outputs("whole")["image_ref"] == f"{emulator.registry_host}/my-app@{digest}"


def test_an_unknown_environment_ends_in_an_error_that_lists_the_known_ones(
    deliver: Deliver, emulator: Local, app: App, asked: Asked
) -> None:
    ended = deliver(events.dispatch(app, environment="production"))
    assert (ended.code, ended.jobs) == (1, UNKNOWN), ended.story
    assert "production" in ended.text
    assert ", ".join(environments.ALL) in ended.text
    assert_nothing_released(emulator)
    assert_no_login(emulator, asked)


def test_a_repository_that_is_missing_is_told_before_the_build_with_the_command_that_creates_it(
    deliver: Deliver, emulator: Local, app: App
) -> None:
    app.write(CALLER, platform_copy.CALLER.read_text().replace(platform_copy.OWN_NAME, "my-shop")).save(
        "Deliver my-shop"
    )
    ended = deliver(events.push(app, "development"))
    assert (ended.code, ended.jobs) == (1, REFUSED), ended.story
    assert "error[repository-missing]: The ECR repository my-shop does not exist in eu-west-2" in ended.text
    assert "make create-ecr APP=my-shop OWNER=… RISK=low ENV=dev" in ended.text
    assert "build / build" not in ended.steps
    assert roles_assumed(emulator) == {"deliver-dev"}


def test_an_account_that_is_not_allowed_is_told_before_the_build(deliver: Deliver, emulator: Local, app: App) -> None:
    given = f"{platform_copy.OWN_NAME}\n      allowed_account_ids: '999999999999'"
    app.write(CALLER, platform_copy.CALLER.read_text().replace(platform_copy.OWN_NAME, given)).save("One account")
    ended = deliver(events.push(app, "development"))
    assert (ended.code, ended.jobs) == (1, REFUSED), ended.story
    assert "error[wrong-account]" in ended.text
    assert not roles_assumed(emulator)
