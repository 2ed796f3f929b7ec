"""When a file or the first lines of a file last changed, by real commits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.delivery.layers.test_rewrite import save

from goldenpath.delivery.layers import last_change

if TYPE_CHECKING:
    from tests.tools.apps import App

pytestmark = pytest.mark.tools
FIRST, SECOND = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.fixture
def app(tmp_path: Path) -> App:
    made = apps.make(tmp_path / "app")
    save(made.write("web/a", "1\n2\n").write("web/b", "1\n"), FIRST.isoformat())
    save(made.write("web/a", "1\n3\n"), SECOND.isoformat())
    return made


def test_a_path_that_no_commit_changed_has_no_time(app: App) -> None:
    assert last_change.of_path(app.folder, app.commit, "", "missing", lambda _: False) is None


def test_ignored_files_do_not_count(app: App) -> None:
    assert last_change.of_path(app.folder, app.commit, "", "web", lambda _: False) == SECOND.timestamp()
    assert last_change.of_path(app.folder, app.commit, "", "web", lambda name: name == "web/a") == FIRST.timestamp()


def test_the_first_lines_keep_their_time_when_a_later_one_changes(app: App) -> None:
    found = last_change.of_lines(app.folder, app.commit, "web/a")
    assert (found(1), found(2), found(None)) == (FIRST.timestamp(), SECOND.timestamp(), SECOND.timestamp())
    assert last_change.of_lines(app.folder, app.commit, "missing")(None) is None
