"""Which commits a run is judged by: real events on real repositories, each with a secret that must be found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps, command
from tests.tools.command import Command
from tests.tools.ranges import SITUATIONS, Happened, branch, come_and_gone, more, proposed, pushed

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder

if TYPE_CHECKING:
    from tests.tools.apps import App

pytestmark = pytest.mark.tools


def judged(app: App, happened: Happened, folder: Path, *, source: Path | None = None) -> tuple[int, WorkFolder]:
    """Run the gate for prod on what happened; return its exit status and its files."""
    work, source = WorkFolder(folder / "work"), source or app.folder
    variables = apps.event(folder / "runner", app, happened.name, ref=happened.ref, **(happened.payload or {}))
    words = ("gitleaks-gate", "--environment=prod", f"--source={source}", f"--work-dir={work.path}")
    done = Command(command.surroundings()).run(*words, more=variables, cwd=folder)
    assert done.code in {0, 10}, done.text
    return done.code, work


def test_the_table_is_long() -> None:
    assert len({each.__name__ for each in SITUATIONS}) == 31


@pytest.mark.parametrize("situation", SITUATIONS, ids=[each.__name__.replace("_", " ") for each in SITUATIONS])
def test_a_secret_that_an_event_brings_is_found(situation: Callable[[App], Happened], app: App, tmp_path: Path) -> None:
    code, work = judged(app, situation(app), tmp_path)
    assert code == 10
    assert {each.id for each in work.read_findings(Gate.GITLEAKS).findings} == {"github-pat"}


def test_a_push_is_not_judged_by_what_was_there_before_and_is_gone(app: App, tmp_path: Path) -> None:
    come_and_gone(app)
    before = app.commit
    code, work = judged(app, pushed(before, more(app)), tmp_path)
    seen = work.read_verdict(Gate.GITLEAKS).seen
    assert (code, seen["commits"], seen["revisions"]) == (0, "1", f"{app.commit} ^{before}")


@pytest.mark.parametrize("name", ["pull_request", "pull_request_review"])
def test_a_pull_request_is_not_judged_by_what_its_base_had_before(app: App, tmp_path: Path, name: str) -> None:
    come_and_gone(app)
    base = app.commit
    branch(app)
    code, work = judged(app, proposed(app, base, more(app), name), tmp_path)
    assert (code, work.read_verdict(Gate.GITLEAKS).seen["commits"]) == (0, "2")


def test_a_secret_in_many_versions_and_places_of_history_is_one_finding(app: App, tmp_path: Path) -> None:
    app.plant_secret()
    for number in range(3):
        text = (app.folder / "config.py").read_text()
        app.write("config.py", f"# {number}\n{text}").save("Move it down")
    _, work = judged(app, Happened("schedule", payload={}), tmp_path)
    (found,) = work.read_findings(Gate.GITLEAKS).findings
    (tmp_path / "again").mkdir()
    app.write("config.py", "# again\n" + (app.folder / "config.py").read_text()).save("Move it down again")
    _, again = judged(app, Happened("schedule", payload={}), tmp_path / "again")
    assert [each.fingerprint for each in again.read_findings(Gate.GITLEAKS).findings] == [found.fingerprint]


def test_two_secrets_in_one_file_are_two_findings(app: App, tmp_path: Path) -> None:
    app.write("config.py", f'A = "{apps.secret()}"\nB = "{apps.secret()}"\n').save()
    _, work = judged(app, Happened("schedule", payload={}), tmp_path)
    assert len({each.fingerprint for each in work.read_findings(Gate.GITLEAKS).findings}) == 2
