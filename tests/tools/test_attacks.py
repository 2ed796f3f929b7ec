"""Every attack that needs no workflow runner: refused as things are, and working once its defence is taken out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.attacks.attack import Attack, Scene
from tests.attacks.table import IN_PROCESS

pytestmark = pytest.mark.tools

EACH = pytest.mark.parametrize("attack", [pytest.param(each, id=each.name) for each in IN_PROCESS])


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Where an attack takes place."""
    return Scene(tmp_path, request.getfixturevalue, monkeypatch)


@EACH
def test_an_attack_is_refused(attack: Attack, scene: Scene) -> None:
    attack.require_refused(scene)


@EACH
def test_the_attack_works_without_its_defence(attack: Attack, scene: Scene) -> None:
    attack.without_defences(scene.monkeypatch)
    attack.carried_out(replace(scene, edits=attack.edits))
