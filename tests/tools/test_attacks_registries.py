"""Every attack on registries that needs no workflow runner: refused as things are, working without its defence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.attacks.table import ON_REGISTRIES

if TYPE_CHECKING:
    from tests.attacks.attack import Attack, Scene

pytestmark = pytest.mark.tools

EACH = pytest.mark.parametrize("attack", [pytest.param(each, id=each.name) for each in ON_REGISTRIES])


@EACH
def test_an_attack_is_refused(attack: Attack, scene: Scene) -> None:
    attack.require_refused(scene)


@EACH
def test_the_attack_works_without_its_defence(attack: Attack, scene: Scene) -> None:
    attack.without_defences(scene.monkeypatch)
    attack.carried_out(replace(scene, edits=attack.edits))
