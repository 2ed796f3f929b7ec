"""What is released is scanned again, by the scheduled workflow as it stands, on a day on which more is known."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.server import Local
from goldenpath.local.vulnerabilities import vulnerability_db
from goldenpath.shared.toolchain import Toolchain
from tests.doubles import trivy_db
from tests.e2e import events, platform_copy
from tests.e2e.app_deliveries import Runner
from tests.e2e.delivery_runs import ACCOUNT, CALLER, Deliver
from tests.e2e.outcomes import ALL_RAN, STOPPED, roles_assumed, uploaded
from tests.tools import apps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.act import Ended
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

# Beside it a test has an emulator of its own.
SCANNED = ACCOUNT[::-1]
WORKFLOW = ".github/workflows/rescan.yml"
RESCAN = platform_copy.one_at_a_time((platform_copy.TEMPLATES / "rescan.yml").read_text())
MORE = "usr/lib/python3/site-packages/Jinja2-2.10.dist-info/METADATA"


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


@dataclass(frozen=True)
class Scanned:
    """An app with an old PyYAML in its image, released to prod when nothing was known against it, and its scans since.

    `same_day` knows no more, `later` does, and before `excused` an exception was merged. `compared` is a delivery of
    the app with an old Jinja2 too, which is compared with that release.
    """

    emulator: Local
    commit: str
    tags: Mapping[str, str]
    same_day: Ended
    later: Ended
    compared: Ended
    excused: Ended


@pytest.fixture(scope="module")
def scanned(
    surroundings: Mapping[str, str], platform: Path, yesterday: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scanned]:
    folder = tmp_path_factory.mktemp("scanned")
    caller = platform_copy.CALLER.read_text()
    app = apps.make(folder / "app", **{CALLER: caller, WORKFLOW: RESCAN}).plant_package()
    with Local.start(folder / "emulator", account=SCANNED) as emulator:
        emulator.create_repository("my-app")
        deliver = Deliver(Runner(surroundings, platform, emulator), app, folder)
        released, commit = deliver(events.push(app, "main"), database=yesterday), str(app.commit)
        assert (released.code, released.jobs) == (0, ALL_RAN), released.story
        tags = emulator.tags("my-app")
        same_day = deliver(events.schedule(app), WORKFLOW, database=yesterday)
        later = deliver(events.schedule(app), WORKFLOW)
        app.write(CALLER, caller.replace("    with:\n", "    with:\n      compare_released: true\n"))
        app.write(f"rootfs/{MORE}", "Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.10\n").save("Use templates")
        compared = deliver(events.push(app, "main"))
        app.write(".goldenpath.yml", apps.accepted(*apps.PLANTED_CVES)).save("Live with it for a while")
        yield Scanned(emulator, commit, tags, same_day, later, compared, deliver(events.schedule(app), WORKFLOW))


def test_nothing_new_is_a_scan_that_passes(scanned: Scanned) -> None:
    ended = scanned.same_day
    assert (ended.code, ended.jobs) == (0, {"rescan": "success", "report": "success"}), ended.story
    assert ended.outputs("rescan")["verdict"] == "pass"


def test_a_vulnerability_that_becomes_known_fails_the_next_scan_and_says_what_to_do(scanned: Scanned) -> None:
    ended, emulator, digest = scanned.later, scanned.emulator, scanned.tags[f"prod-{scanned.commit[:7]}"]
    assert (ended.code, ended.jobs) == (1, {"rescan": "failure", "report": "success"}), ended.story
    about = f"my-app:prod-{scanned.commit[:7]}, released from commit {scanned.commit[:7]}"
    assert f"error[gate-blocked]: {about}, is in prod and would not be released today" in ended.text
    assert "Update PyYAML from 5.3 to 5.4" in ended.text
    assert "deliver again" in ended.text
    assert ended.outputs("rescan")["image_ref"] == f"{emulator.registry_host}/my-app@{digest}"
    assert f"```\n{emulator.registry_host}/my-app@{digest}\n```" in ended.summary
    assert "### Findings to fix" in ended.summary
    assert {each[:2] for each in ended.annotations} == {("error", "Dockerfile:1")}
    (verdict,) = (path for path in ended.artifacts.rglob("trivy.verdict.json"))
    assert digest in verdict.read_text()


def test_a_delivery_says_what_is_new_and_known_since_the_release(scanned: Scanned) -> None:
    ended, tag = scanned.compared, f"prod-{scanned.commit[:7]}"
    assert (ended.code, ended.jobs) == (1, {**STOPPED, "compare-release": "success"}), ended.story
    since = f"2 known, 2 new, 0 gone since prod's last release ({tag}, today)"
    assert f"\n- {since.replace(tag, f'`{tag}`')}\n" in ended.summary
    new, others = ended.summary.split("### Findings to fix, new since the last release", 1)[1].split(
        "### Other findings to fix", 1
    )
    assert ("Jinja2 from 2.10" in new, "PyYAML from 5.3" in new) == (True, False)
    assert "PyYAML from 5.3" in others
    page = (ended.artifacts / "goldenpath-report-my-app" / "report.html").read_text()
    assert since.replace("'", "&#39;") in page
    (left,) = ended.artifacts.glob("goldenpath-last-release-*")
    assert sorted(file.name for file in left.iterdir()) == ["release.json", "trivy.json", "trivy.verdict.json"]


def test_an_exception_that_was_merged_since_lets_the_released_image_be(scanned: Scanned) -> None:
    ended = scanned.excused
    assert (ended.code, ended.outputs("rescan")["accepted"]) == (0, "2"), ended.story
    assert "### Exceptions" in ended.summary


def test_scans_change_nothing_and_report_what_they_know_about_the_released_commit(scanned: Scanned) -> None:
    emulator = scanned.emulator
    scans = [upload for upload in uploaded(emulator) if upload[1] == "rescan/prod/my-app"]
    assert [upload[0] for upload in scans] == ["trivy", "trivy", "trivy"]
    assert {upload[2] for upload in scans} == {"refs/heads/main"}
    assert [upload[3] for upload in scans[:2]] == [scanned.commit, scanned.commit]
    assert emulator.tags("my-app") == scanned.tags
    assert emulator.manifests("my-app") == set(scanned.tags.values())
    assert roles_assumed(emulator) == {"deliver-prod"}


def test_a_scan_of_what_was_never_released_says_so(deliver: Deliver, app: App) -> None:
    app.write(WORKFLOW, RESCAN).save("Scan what is released")
    ended = deliver(events.schedule(app), WORKFLOW)
    assert (ended.code, ended.jobs) == (1, {"rescan": "failure"}), ended.story
    assert "my-app has no image that was released to prod" in ended.text
    assert "Release to this environment first, or name what to scan with `released_tag`" in ended.text
