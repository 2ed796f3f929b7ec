"""Callers of every kind: templates as they stand, the earlier interface, and callers that ask for what cannot be."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.e2e import events, platform_copy
from tests.e2e.delivery_runs import CALLER
from tests.e2e.outcomes import (
    ALL_RAN,
    CHECKED,
    STOPPED,
    assert_no_login,
    assert_nothing_released,
    assert_only_looked,
    assert_released,
    roles_assumed,
    uploaded,
)
from tests.environments import ROLE_SECRETS
from tests.tools import apps, small_images

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.local.server import Local
    from tests.e2e.delivery_runs import Asked, Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

# As teams wrote it for the workflow that this one takes the place of.
EARLIER = """
name: delivery
on: push
jobs:
  delivery:
    permissions:
      contents: read
      id-token: write
      security-events: write
      actions: read
    uses: {platform}/.github/workflows/_build-and-release.yml@main
    with:
      environment: {environment}
      ecr_repository: my-app
      build_context: .
      dockerfile_path: Dockerfile
      aws_region: eu-west-2
      python_version: '3.12'
      test_enabled: true
      test_working_directory: rootfs
      test_command: {test}
      trivy_exit_code: '{exit_code}'
      push_latest: {latest}
      skip_push: {skip}
    secrets: {secrets}
"""
BY_NAME = "{AWS_ROLE_ARN: '${{ secrets.AWS_ROLE_ARN }}'}"
ONLY_ONE_ROLE = {secret: f"UNUSED_{name}" for name, secret in ROLE_SECRETS.items()} | {
    "TF_AWS_IAM_ROLE_DEV": "AWS_ROLE_ARN"
}


def earlier(app: App, **changed: str) -> None:
    """Have the app deliver by the earlier interface."""
    words = {
        "platform": platform_copy.SLUG, "environment": "dev", "test": "test -f etc/os-release", "exit_code": "0",
        "latest": "true", "skip": "false", "secrets": BY_NAME,
    }  # fmt: skip
    app.write(CALLER, EARLIER.format(**words | changed)).save("Deliver")


def test_a_caller_written_for_the_earlier_interface_still_delivers(deliver: Deliver, emulator: Local, app: App) -> None:
    earlier(app, latest="false")
    ended = deliver(events.push(app, "development"), renamed=ONLY_ONE_ROLE)
    assert (ended.code, ended.jobs) == (0, {"test": "success", **ALL_RAN}), ended.story
    assert_released(ended, emulator, app.commit[:7], f"dev-{app.commit[:7]}")
    assert "Asked for 3.12." in ended.text


def test_a_caller_that_skips_the_push_is_checked_and_needs_no_role(
    deliver: Deliver, emulator: Local, app: App, asked: Asked
) -> None:
    earlier(app, skip="true", environment="prod", secrets="inherit")
    ended = deliver(events.push(app, "main"))
    assert (ended.code, ended.jobs) == (0, {"test": "success", **CHECKED}), ended.story
    assert ended.outputs("verdict")["verdict"] == "pass"
    assert ": checked and not blocked; nothing was released" in ended.summary
    assert_nothing_released(emulator)
    assert_no_login(emulator, asked)


def test_tests_that_fail_stop_everything_and_are_given_no_secret(
    deliver: Deliver, emulator: Local, app: App, asked: Asked
) -> None:
    earlier(app, test="""'echo "role=<$AWS_ROLE_ARN$TF_AWS_IAM_ROLE_DEV>"; exit 3'""")
    ended = deliver(events.push(app, "development"), renamed=ONLY_ONE_ROLE)
    ran = {"gitleaks-gate": "success", "preflight": "success", "report": "success"}
    assert (ended.code, ended.jobs) == (1, {"test": "failure", "verdict": "failure", **ran}), ended.story
    assert "role=<>" in ended.text
    assert ended.outputs("verdict")["verdict"] == "error"
    assert_nothing_released(emulator)
    assert_only_looked(emulator, asked)


WITH_BUILD_SECRETS = """
      BUILD_SECRETS: |
        npm=${{ secrets.NPM_TOKEN }}
        several<<END
        first line, ${{ secrets.NPM_TOKEN }}
        END"""


def test_build_secrets_that_the_caller_names_are_searched_for_in_the_image(
    deliver: Deliver, emulator: Local, app: App
) -> None:
    token = secrets.token_hex(16)
    app.write("rootfs/etc/npmrc", f"token={token}\n")
    earlier(app, skip="true", secrets=WITH_BUILD_SECRETS)
    ended = deliver(events.push(app, "development"), more_secrets={"NPM_TOKEN": token})
    assert (ended.code, ended.jobs["build"]) == (1, "failure"), ended.story
    assert "The image holds a secret that its build was given: npm" in ended.text
    assert "npm: etc/npmrc in layer sha256:" in ended.text
    assert token not in ended.text
    assert_nothing_released(emulator)


def test_private_base_images_reach_the_build_by_a_job_that_runs_no_code_of_the_app(
    deliver: Deliver, emulator: Local, app: App, tmp_path: Path
) -> None:
    for name in ("base/os", "base/tools"):
        emulator.create_repository(name)
        small_images.push(emulator, name, small_images.make(tmp_path / name, {f"etc/{name}": name.encode()}), "1")
    in_ecr = f"{emulator.account}.dkr.ecr.{emulator.region}.amazonaws.com/base/os:1"
    elsewhere = f"{emulator.registry_host}/base/tools:1"
    app.git("checkout", "--quiet", "-b", "change")
    app.write("Dockerfile", f"FROM {in_ecr}\nCOPY --from={elsewhere} / /tools\nCOPY rootfs /\n")
    bases = f"    with:\n      private_bases: |\n        {in_ecr}\n        {elsewhere}\n"
    app.write(CALLER, platform_copy.CALLER.read_text().replace("    with:\n", bases)).save("Use the company's images")
    user, _, password = base64.b64decode(small_images.login(emulator).authorization.removeprefix("Basic ")).partition(
        b":"
    )
    given = {
        "TF_AWS_IAM_ROLE_BASES": emulator.create_role("pull-bases", subjects=(f"repo:{app.slug}:pull_request",)),
        "BASES_LOGINS": f"{emulator.registry_host} {user.decode()} {password.decode()}",
    }
    ended = deliver(events.pull_request(app), more_secrets=given)
    assert (ended.code, ended.jobs) == (0, {"bases": "success", **CHECKED}), ended.story
    assert f"base image {in_ecr}@sha256:" in ended.text
    assert f"base image {elsewhere}@sha256:" in ended.text
    assert roles_assumed(emulator) == {"pull-bases"}
    assert password.decode() not in ended.text
    assert_nothing_released(emulator)


def test_the_exit_code_of_trivy_tightens(deliver: Deliver, emulator: Local, app: App) -> None:
    """It opens no gate: tests/unit/test_summary_stage.py."""
    app.plant_package()
    earlier(app, exit_code="1", secrets="inherit")
    ended = deliver(events.push(app, "development"))
    assert (ended.code, ended.jobs) == (1, {"test": "success", **STOPPED}), ended.story
    assert_nothing_released(emulator)


def test_the_monorepo_template_delivers_each_image_by_its_own_verdict(
    deliver: Deliver, emulator: Local, app: App
) -> None:
    for name in ("my-web", "my-worker"):
        emulator.create_repository(name)
        apps.plant_system(app, f"{name}/rootfs")
        app.write(f"{name}/Dockerfile", apps.DOCKERFILE)
    workflow = ".github/workflows/delivery-monorepo.yml"
    template = (platform_copy.TEMPLATES / "delivery-monorepo.yml").read_text()
    app.write(workflow, platform_copy.one_at_a_time(template))
    app.write(f"my-worker/rootfs/{apps.PLANTED_PACKAGE}", apps.PLANTED_METADATA).save("Two images")
    ended = deliver(events.push(app, "main"), workflow)
    assert ended.code == 1, ended.story
    assert set(emulator.tags("my-web")) == {app.commit[:7], f"prod-{app.commit[:7]}"}, ended.story
    assert emulator.tags("my-worker") == {}
    assert {category for _, category, *_ in uploaded(emulator)} == {"gitleaks", "trivy/my-web", "trivy/my-worker"}
    assert ": released" in ended.summary
    assert "blocked by trivy" in ended.summary
