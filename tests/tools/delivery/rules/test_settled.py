"""Settled secrets on real history: written by `settle`, and counted alike for a push, a tag and a dispatch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps, ranges

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.rules import settled

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Ended
    from tests.tools.conftest import Inside

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = pytest.mark.tools

EVENTS = {
    "a push": ("push", "heads/main"),
    "a tag": ("push", "tags/v1.2.3"),
    "a dispatch": ("workflow_dispatch", "heads/main"),
}


def settle(inside: Inside, app: App) -> Ended:
    return inside("settle", f"--source={app.folder}", "--by=team-web", "--reason=revoked in 2019").ok()


def test_what_was_settled_passes_alike_by_push_tag_and_dispatch_also_for_an_older_commit(
    inside: Inside, app: App, work: WorkFolder, tmp_path: Path
) -> None:
    before = app.commit
    ranges.come_and_gone(app)
    released = app.commit
    assert "✓ github-pat in config.py" in settle(inside, app).text
    assert "Nothing was written." in settle(inside, app).text

    def judged(name: str) -> Result:
        event, ref = EVENTS[name]
        variables = apps.event(tmp_path / "runner", app, event, ref=f"refs/{ref}", before=before)
        inside(
            "gitleaks-gate", "--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}", more=variables
        )
        return work.read_verdict(Gate.GITLEAKS).result

    assert judged("a tag") is Result.BLOCK
    app.save("Settle it")
    assert [judged(name) for name in EVENTS] == [Result.PASS] * 3
    (record,) = work.read_verdict(Gate.GITLEAKS).settled
    assert (record.settlement.settled_by, record.counts) == ("team-web", True)
    app.git("checkout", "--quiet", "--detach", released)
    assert judged("a tag") is Result.PASS


def test_a_secret_that_a_file_still_has_is_not_recorded(inside: Inside, app: App) -> None:
    token = app.plant_secret("old.py")
    app.git("mv", "old.py", "new.py")
    app.save("Rename it")
    text = settle(inside, app).text
    assert (text.count("is still in a checked-out file"), token in text) == (2, False)
    assert not (app.folder / settled.FILE).exists()
