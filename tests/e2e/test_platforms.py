"""Each platform on a runner of its own: their images are handed to one job, scanned each, and released as one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e import events, platform_copy
from tests.e2e.delivery_runs import CALLER
from tests.e2e.outcomes import ALL_RAN, assert_nothing_released, uploaded
from tests.tools import apps
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from goldenpath.local.server import Local
    from tests.e2e.delivery_runs import Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

# Both are this machine: what is built for another platform is only copied, never run.
RUNNERS = """      runner: '["ubuntu-latest"]'
      runners: >-
        [{"platform": "linux/amd64", "runner": "ubuntu-latest"},
         {"platform": "linux/arm64", "runner": ["ubuntu-latest"]}]
    secrets: inherit"""
ONE_BUILT_EARLIER = """      runners: '[{"platform": "linux/amd64", "runner": "ubuntu-latest"}]'
      context_artifact_id: ${{ needs.compile.outputs.built }}
      context_artifact_folder: dist
    secrets: inherit"""
COMPILE = """jobs:
  compile:
    runs-on: ubuntu-latest
    outputs:
      built: ${{{{ steps.app.outputs.artifact-id }}}}
    steps:
      - run: mkdir dist && echo built > dist/app.js
      - id: app
        uses: {upload}
        with:
          name: my-app
          path: dist/*.js
          if-no-files-found: error
  delivery:
    needs: compile
"""
DOCKERFILE = "FROM scratch\nARG TARGETARCH\nCOPY rootfs-$TARGETARCH /\n"
BOTH = ["linux/amd64", "linux/arm64"]


@pytest.fixture
def two(app: App) -> App:
    """An app whose image differs by platform, delivered by the thin caller with a runner for each of them."""
    for architecture in ("amd64", "arm64"):
        apps.plant_system(app, f"rootfs-{architecture}")
    caller = platform_copy.CALLER.read_text().replace("    secrets: inherit", RUNNERS)
    app.write("Dockerfile", DOCKERFILE).write(CALLER, caller).save("Two platforms")
    return app


def test_two_platforms_that_were_built_apart_are_released_as_one(deliver: Deliver, emulator: Local, two: App) -> None:
    ended = deliver(events.push(two, "main"))
    assert (ended.code, ended.jobs) == (0, {"platform": "success", **ALL_RAN}), ended.story
    candidate = ended.artifact("goldenpath-reports-my-app", "candidate.json")
    assert [each["platform"] for each in candidate["platforms"]] == BOTH
    images = {each["digest"] for each in candidate["platforms"]}
    tags = dict.fromkeys((two.commit[:7], f"prod-{two.commit[:7]}"), candidate["digest"])
    assert emulator.tags("my-app") == tags
    assert emulator.manifests("my-app") == {candidate["digest"], *images}
    verdict = ended.artifact("goldenpath-reports-my-app", "trivy.verdict.json")
    assert (verdict["subject"], [each for each in verdict["seen"] if each in BOTH]) == (candidate["digest"], BOTH)
    inventories = {file.name for file in (ended.artifacts / "goldenpath-sbom-my-app").iterdir()}
    assert inventories >= {"sbom.spdx.json", "sbom.linux-arm64.spdx.json"}
    assert f"joined `{candidate['digest']}` for linux/amd64, linux/arm64" in ended.summary
    again = deliver(events.push(two, "main"))
    assert (again.code, again.jobs) == (0, ended.jobs), again.story
    assert again.artifact("goldenpath-receipt-my-app", "receipt.json")["state"] == "unchanged", again.story


def test_one_platform_on_a_runner_of_its_own_is_released_with_what_an_earlier_job_built(
    deliver: Deliver, emulator: Local, app: App
) -> None:
    """Its artifact is the only one, and lands straight in the folder in which several have one each."""
    caller = platform_copy.CALLER.read_text().replace("    secrets: inherit", ONE_BUILT_EARLIER)
    upload = next(name for name in platform_copy.repositories(ROOT) if name.startswith("actions/upload-artifact@"))
    app.write(CALLER, caller.replace("jobs:\n  delivery:\n", COMPILE.format(upload=upload)))
    app.write("Dockerfile", f"{apps.DOCKERFILE}COPY dist/*.js /app/\n").save("One platform")
    ended = deliver(events.push(app, "main"))
    assert (ended.code, ended.jobs) == (0, {"compile": "success", "platform": "success", **ALL_RAN}), ended.story
    assert set(emulator.tags("my-app")) == {app.commit[:7], f"prod-{app.commit[:7]}"}
    record = ended.artifact("goldenpath-reports-my-app", "candidate.json")["context_artifact"]
    assert (record["id"], record["files"]) == (ended.outputs("compile")["artifact-id"], 1)
    verdict = ended.artifact("goldenpath-reports-my-app", "gitleaks.verdict.json")
    assert verdict["seen"]["context_artifact"] == record["digest"]


def test_a_vulnerability_in_one_platform_alone_blocks_all_of_them(deliver: Deliver, emulator: Local, two: App) -> None:
    two.plant_package("rootfs-arm64")
    ended = deliver(events.push(two, "main"))
    assert (ended.code, ended.jobs["platform"], ended.jobs["scan"]) == (1, "success", "failure"), ended.story
    assert f"| CRITICAL | {apps.PLANTED_CVE} |" in ended.summary
    assert [tool for tool, *_ in uploaded(emulator)] == ["gitleaks", "trivy"]
    assert_nothing_released(emulator)


def test_a_platform_that_cannot_be_built_releases_none_and_is_named(
    deliver: Deliver, emulator: Local, two: App
) -> None:
    two.git("rm", "-r", "--quiet", "rootfs-arm64")
    two.save("Without arm64")
    ended = deliver(events.push(two, "main"))
    assert (ended.code, ended.jobs["build"], ended.jobs["verdict"]) == (1, "failure", "failure"), ended.story
    # act may stop the whole matrix at the first job that fails.
    assert re.search("The image for (linux/amd64, )?linux/arm64 is missing", ended.text), ended.story
    assert "Look at the job of each platform" in ended.text
    assert_nothing_released(emulator)
