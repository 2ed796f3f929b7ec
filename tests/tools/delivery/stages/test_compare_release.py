"""A delivery is compared with the last release on real parts: an emulator of ECR, a registry, and trivy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.model.work_folder import WorkFolder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

REPOSITORY = "compare-release/app"


def deliver(goldenpath: Command, app: App, work: WorkFolder, *more: str) -> Ended:
    return goldenpath.run(
        "deliver", "--environment=dev", f"--ecr-repository={REPOSITORY}", f"--source={app.folder}",
        f"--work-dir={work.path}", *more,
    )  # fmt: skip


def test_deliveries_say_what_is_new_known_and_gone_since_the_last_release(
    goldenpath: Command, emulator: Local, tmp_path: Path
) -> None:
    app, work = apps.make(tmp_path / "app"), WorkFolder(tmp_path / "work")
    emulator.create_repository(REPOSITORY)
    first = deliver(goldenpath, app, work, "--compare-released", "--version=1.4.2").ok()
    assert f"not compared with a release: {REPOSITORY} has no image that was released to dev" in first.text
    assert not work.released.path.exists()

    same = deliver(goldenpath, app, work, "--compare-released", "--version=1.4.2").ok()
    assert "the same image as dev's last release (1.4.2, today)" in same.text

    app.plant_package()
    worse = deliver(goldenpath, app, work, "--compare-released").ok()
    digest = work.released.read_release().digest
    assert f"dev's last release 1.4.2 ({digest[:19]}) has 0 findings today" in worse.text
    assert "0 known, 2 new, 0 gone since dev's last release (1.4.2, today)" in worse.text
    left = sorted(path.name for path in work.released.path.rglob("*"))
    assert left == ["release.json", "trivy.json", "trivy.verdict.json"], "its layers are removed"
    goldenpath.run("report", "build", f"--work-dir={work.path}").ok()
    page = work.report.read_text()
    assert "0 known, 2 new, 0 gone since dev&#39;s last release (1.4.2, today)" in page
    assert "the release was scanned with the database of " in page

    without = deliver(goldenpath, app, work).ok()
    assert "last release" not in without.text, "an earlier comparison in that folder does not count"


def test_a_repository_that_does_not_exist_is_a_warning_of_the_comparison(goldenpath: Command, tmp_path: Path) -> None:
    app, work = apps.make(tmp_path / "app"), WorkFolder(tmp_path / "work")
    ended = goldenpath.run(
        "compare-release", "--environment=dev", "--ecr-repository=nobody/has-it", f"--source={app.folder}",
        f"--work-dir={work.path}",
    ).ok()  # fmt: skip
    assert "not compared with a release: The ECR repository nobody/has-it does not exist" in ended.text
    assert "warning: The last release could not be compared, which changes nothing else." in ended.text
