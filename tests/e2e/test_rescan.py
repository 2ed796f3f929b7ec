"""What is released is scanned again, by the scheduled workflow as it stands, on a day on which more is known."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.vulnerabilities import vulnerability_db
from goldenpath.shared.toolchain import Toolchain
from tests.doubles import trivy_db
from tests.e2e import events, platform_copy
from tests.e2e.test_delivery import ALL_RAN, roles_assumed, uploaded
from tests.tools import apps

if TYPE_CHECKING:
    from goldenpath.local.server import Local
    from tests.e2e.conftest import Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

WORKFLOW = ".github/workflows/rescan.yml"


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trivy database of the day before: it knows everything but the vulnerabilities of PyYAML."""
    known = tmp_path_factory.mktemp("advisories")
    shutil.copytree(vulnerability_db.ADVISORIES, known, dirs_exist_ok=True)
    for record in known.glob("GHSA-*.json"):
        if b"pyyaml" in record.read_bytes().lower():
            record.unlink()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(vulnerability_db, "ADVISORIES", known)
        program = Toolchain.load().provide("trivy-db").path
        return trivy_db.build_database(program, tmp_path_factory.mktemp("yesterday"))


@pytest.fixture
def released(deliver: Deliver, app: App, yesterday: Path) -> App:
    """An app with an old PyYAML in its image, released to prod when nothing was known against it."""
    app.write(WORKFLOW, (platform_copy.TEMPLATES / "rescan.yml").read_text())
    app.plant_package()
    ended = deliver(events.push(app, "main"), database=yesterday)
    assert (ended.code, ended.jobs) == (0, ALL_RAN), ended.story
    return app


def test_a_vulnerability_that_becomes_known_fails_the_next_scan_and_says_what_to_do(
    deliver: Deliver, emulator: Local, released: App, yesterday: Path
) -> None:
    before, digest = emulator.tags("my-app"), emulator.tags("my-app")[f"prod-{released.commit[:7]}"]
    same_day = deliver(events.schedule(released), WORKFLOW, database=yesterday)
    assert (same_day.code, same_day.jobs) == (0, {"rescan": "success", "report": "success"}), same_day.story
    assert same_day.outputs("rescan")["verdict"] == "pass"
    ended = deliver(events.schedule(released), WORKFLOW)
    assert (ended.code, ended.jobs) == (1, {"rescan": "failure", "report": "success"}), ended.story
    about = f"my-app:prod-{released.commit[:7]}, released from commit {released.commit[:7]}"
    assert f"error[gate-blocked]: {about}, is in prod and would not be released today" in ended.text
    assert "Update PyYAML from 5.3 to 5.4" in ended.text
    assert "deliver again" in ended.text
    assert ended.outputs("rescan")["image_ref"] == f"{emulator.registry_host}/my-app@{digest}"
    assert f"```\n{emulator.registry_host}/my-app@{digest}\n```" in ended.summary
    assert "What decides:" in ended.summary
    assert {each[:2] for each in ended.annotations} == {("error", "Dockerfile:1")}
    (verdict,) = (path for path in ended.artifacts.rglob("trivy.verdict.json"))
    assert digest in verdict.read_text()
    assert uploaded(emulator)[-1] == ("trivy", "rescan/prod/my-app", "refs/heads/main", released.commit)
    assert emulator.tags("my-app") == before
    assert emulator.manifests("my-app") == set(before.values())
    assert roles_assumed(emulator) == {"deliver-prod"}


def test_an_exception_that_was_merged_since_lets_the_released_image_be(
    deliver: Deliver, released: App, app: App
) -> None:
    app.write(".goldenpath.yml", apps.accepted(*apps.PLANTED_CVES)).save("Live with it for a while")
    ended = deliver(events.schedule(app), WORKFLOW)
    assert (ended.code, ended.outputs("rescan")["accepted"]) == (0, "2"), ended.story
    assert "Exceptions:" in ended.summary


def test_a_scan_of_what_was_never_released_says_so(deliver: Deliver, app: App) -> None:
    app.write(WORKFLOW, (platform_copy.TEMPLATES / "rescan.yml").read_text()).save("Scan what is released")
    ended = deliver(events.schedule(app), WORKFLOW)
    assert (ended.code, ended.jobs) == (1, {"rescan": "failure"}), ended.story
    assert "my-app holds no image that was released to prod" in ended.text
    assert "release to this environment first, or name what to scan with `released_tag`" in ended.text
