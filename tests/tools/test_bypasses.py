"""Every known way to weaken or fool a gate, each tried on the real scanners in a blocking environment, each refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import (
    apps,
    bypasses_changes,
    bypasses_contents,
    bypasses_frontends,
    bypasses_history,
    bypasses_images,
    bypasses_settings,
    command,
)
from tests.tools.bypass import SECRETS, Attempt, Bypass, Place
from tests.tools.bypasses_images import ImageBypass, Stand
from tests.tools.command import Command

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder

if TYPE_CHECKING:
    from goldenpath.delivery.model.verdict import Verdict

pytestmark = pytest.mark.tools

# Each of these modules enters its rows.
THEMES = (bypasses_settings, bypasses_contents, bypasses_history, bypasses_changes)
IMAGES = (*bypasses_images.ROWS, *bypasses_frontends.ROWS)


@pytest.fixture
def alone() -> Command:
    """The `goldenpath` command with nothing but its own programs."""
    return Command(command.surroundings())


@pytest.mark.parametrize("bypass", [pytest.param(bypass, id=bypass.name) for bypass in SECRETS])
def test_there_is_no_way_round_a_blocking_gate(bypass: Bypass, alone: Command, tmp_path: Path) -> None:
    place = Place(apps.make(tmp_path / "app"), tmp_path / "beside")
    place.folder.mkdir()
    attempt = bypass.make(place) or Attempt()
    source, work = attempt.source or place.app.folder, WorkFolder(tmp_path / "work")
    words = (bypass.stage, "--environment=prod", f"--source={source}", f"--work-dir={work.path}")
    done = alone.run(*words, more=attempt.variables, cwd=source)
    if bypass.refused is None:
        done.ok()
        assert any(bypass.told in note for note in verdict(bypass, work).notes), verdict(bypass, work).notes
        return
    assert (done.code, done.error["code"]) == (bypass.refused.exit_code, bypass.refused.code), done.text
    assert bypass.told in done.text


def verdict(bypass: Bypass, work: WorkFolder) -> Verdict:
    """Return what the gate of this row decided."""
    return work.read_verdict(next(gate for gate in Gate if gate.stage == bypass.stage))


@pytest.mark.parametrize("bypass", [pytest.param(bypass, id=bypass.name) for bypass in IMAGES])
def test_there_is_no_way_round_the_gate_of_the_image_or_its_builder(
    bypass: ImageBypass, goldenpath: Command, tmp_path: Path
) -> None:
    stand = Stand(apps.make(tmp_path / "app"), tmp_path / "beside", WorkFolder(tmp_path / "work"), goldenpath)
    stand.folder.mkdir()
    done = bypass.attempt(stand)
    assert done.code == bypass.code, done.text
    assert bypass.told in done.text


def test_the_table_is_long_and_names_each_way_once() -> None:
    names = [*(bypass.name for bypass in SECRETS), *(bypass.name for bypass in IMAGES)]
    # A way that is taken out is taken out here too, where a reviewer sees it.
    assert (len(names), len(set(names))) == (157, 157)
