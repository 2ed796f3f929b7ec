"""Real trivy on a real image: what an app has in its repository or its environment does not weaken the gate."""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.apps import App
from tests.tools.bypasses_images import ALPINE_PACKAGES

from goldenpath.delivery.model.finding import Gate, Kind
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from tests.tools.command import Command, Ended

pytestmark = pytest.mark.tools

PLANTED = {apps.PLANTED_CVE, "CVE-2020-1747"}
WEAKENING = {
    "an ignore file": ({".trivyignore": "\n".join(PLANTED) + "\n"}, {}),
    "an ignore file in YAML": (
        {".trivyignore.yaml": "vulnerabilities:\n" + "".join(f"  - id: {each}\n" for each in sorted(PLANTED))},
        {"TRIVY_IGNOREFILE": ".trivyignore.yaml"},
    ),
    "a configuration": ({"trivy.yaml": "severity: [LOW]\nscan: {skip-dirs: [usr]}\nexit-code: 0\n"}, {}),
    "severities": ({}, {"TRIVY_SEVERITY": "LOW"}),
    "what to skip": ({}, {"TRIVY_SKIP_DIRS": "usr", "TRIVY_SKIP_FILES": apps.PLANTED_PACKAGE}),
    "what to look at": ({}, {"TRIVY_PKG_TYPES": "os", "TRIVY_SCANNERS": "secret"}),
    "a policy": ({"ignore.rego": "package trivy\ndefault ignore = true\n"}, {"TRIVY_IGNORE_POLICY": "ignore.rego"}),
    "another database": ({}, {"TRIVY_CACHE_DIR": "/nowhere", "TRIVY_DB_REPOSITORY": "nowhere.invalid/db"}),
}


@pytest.fixture(scope="module")
def vulnerable(goldenpath: Command, tmp_path_factory: pytest.TempPathFactory) -> tuple[App, WorkFolder]:
    """An app with the planted package, built."""
    folder = tmp_path_factory.mktemp("vulnerable")
    app, work = apps.make(folder / "app").plant_package(), WorkFolder(folder / "work")
    goldenpath.run("build", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}").ok()
    return app, work


@pytest.fixture
def built(vulnerable: tuple[App, WorkFolder], tmp_path: Path) -> tuple[App, WorkFolder]:
    """A copy of it, to be changed."""
    app, work = vulnerable
    shutil.copytree(app.folder, tmp_path / "app")
    shutil.copytree(work.path, tmp_path / "work")
    return App(tmp_path / "app", app.slug), WorkFolder(tmp_path / "work")


def scan(goldenpath: Command, app: App, work: WorkFolder, **more: str) -> Ended:
    words = ("--environment=prod", "--ecr-repository=app", f"--source={app.folder}", f"--work-dir={work.path}")
    return goldenpath.run("trivy-gate", *words, more=more, cwd=app.folder)


@pytest.mark.parametrize("name", WEAKENING)
def test_an_app_cannot_talk_the_gate_out_of_a_vulnerability(
    goldenpath: Command, built: tuple[App, WorkFolder], name: str
) -> None:
    app, work = built
    files, variables = WEAKENING[name]
    for path, content in files.items():
        app.write(path, content)
    done = scan(goldenpath, app, work, **variables)
    assert done.code == 10, done.text
    assert {each.id for each in work.read_findings(Gate.TRIVY).findings} == PLANTED


def test_its_sarif_points_at_the_dockerfile_and_every_rule_is_found_by_its_index(
    goldenpath: Command, built: tuple[App, WorkFolder]
) -> None:
    app, work = built
    assert scan(goldenpath, app, work).code == 10
    log = json.loads(work.sarif(Gate.TRIVY).read_bytes())
    (run,) = log["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "trivy")
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert {result["ruleId"] for result in results} == PLANTED
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place == {
            "artifactLocation": {"uri": "Dockerfile", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 2},
        }  # fmt: skip
        assert result["partialFingerprints"]
    assert {float(rule["properties"]["security-severity"]) for rule in rules} == {9.5}


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_a_vulnerability_of_one_platform_is_reported_for_that_one(
    goldenpath: Command, app: App, work: WorkFolder, arch: str
) -> None:
    app.write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY rootfs /\nCOPY of-$TARGETARCH /\n")
    app.write("of-amd64/note", "amd64").write("of-arm64/note", "arm64").plant_package(f"of-{arch}")
    platforms = "--platforms=linux/amd64,linux/arm64"
    goldenpath.run("build", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}", platforms).ok()
    done = scan(goldenpath, app, work)
    assert done.code == 10, done.text
    report = work.read_findings(Gate.TRIVY)
    assert {each.id for each in report.findings} == PLANTED
    assert {each.platforms for each in report.findings} == {(f"linux/{arch}",)}
    assert f"{apps.PLANTED_PACKAGE} on linux/{arch} only" in done.text


def test_an_image_in_which_no_package_is_seen_is_not_let_through(
    goldenpath: Command, app: App, work: WorkFolder
) -> None:
    app.write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n").save()
    goldenpath.run("build", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}").ok()
    done = scan(goldenpath, app, work)
    assert done.code == 10
    (finding,) = work.read_findings(Gate.TRIVY).findings
    assert finding.id == "empty-inventory"
    assert "secret" not in done.text


def test_an_os_whose_package_database_was_taken_out_is_noted(goldenpath: Command, app: App, work: WorkFolder) -> None:
    (app.folder / "rootfs/var/lib/dpkg/status").unlink()
    app.write("rootfs/usr/lib/python3/site-packages/x-1.dist-info/METADATA", "Name: x\nVersion: 1\n").save()
    goldenpath.run("build", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}").ok()
    scan(goldenpath, app, work).ok()
    assert any("no package of it was seen" in note for note in work.read_verdict(Gate.TRIVY).notes)


def test_a_scan_does_not_wait_for_another_with_the_same_cache_folder(
    goldenpath: Command, built: tuple[App, WorkFolder], tmp_path: Path
) -> None:
    app, work = built
    cache = tmp_path / "trivy"
    shutil.copytree(goldenpath.variables["GOLDENPATH_TRIVY_CACHE"], cache)
    held = cache / "fanal" / "fanal.db"
    held.parent.mkdir(exist_ok=True)
    with held.open("wb") as file:
        # As trivy does for as long as it scans, if it keeps there what it saw.
        fcntl.flock(file, fcntl.LOCK_EX)
        assert scan(goldenpath, app, work, GOLDENPATH_TRIVY_CACHE=str(cache)).code == 10


ALPINE = {
    "rootfs/etc/os-release": "ID=alpine\nVERSION_ID=3.23.2\n", "rootfs/lib/apk/db/installed": ALPINE_PACKAGES,
}  # fmt: skip
OF_TODAY = {"Alpine": ALPINE, "Debian": {}, "a static binary alone": {"Dockerfile": "FROM scratch\nCOPY program /\n"}}


@pytest.mark.parametrize("name", OF_TODAY)
def test_an_image_of_today_has_no_blind_spot(goldenpath: Command, app: App, work: WorkFolder, name: str) -> None:
    if name == "Alpine":
        shutil.rmtree(app.folder / "rootfs")
    shutil.copy(Toolchain.load().provide("crane").path, app.folder / "program")
    for path, content in OF_TODAY[name].items():
        app.write(path, content)
    app.save()
    goldenpath.run("build", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}").ok()
    scan(goldenpath, app, work).ok()
    report = work.read_findings(Gate.TRIVY)
    assert [each.id for each in report.findings if each.kind is Kind.BLIND_SPOT] == []
    assert len(report.notes) == 1
