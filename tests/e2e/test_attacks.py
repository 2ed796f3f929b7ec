"""Every attack that needs a workflow runner: refused as things are, and working once its defence is taken out.

Each attack has a copy of the platform of its own, `vault_platform`. The fixtures `deliver` and `registry_world` run
that copy; the second makes it a git repository when it is asked for, so its defences are taken out before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.attack import Attack, Scene
from tests.attacks.table import UNDER_RUNNER
from tests.e2e import platform_copy, registry_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.registry_world import World

pytestmark = pytest.mark.e2e

EACH = pytest.mark.parametrize("attack", [pytest.param(each, id=each.name) for each in UNDER_RUNNER])


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """A copy of the platform's repository for this test alone, as act can run it: what `deliver` runs here."""
    return platform_copy.make(tmp_path / "platform", whole=True)


@pytest.fixture
def vault_platform(platform: Path) -> Path:
    """The same copy, by the name that attacks know it by."""
    return platform


@pytest.fixture(name="registry_world")
def registries(surroundings: Mapping[str, str], vault_platform: Path, tmp_path: Path) -> Iterator[World]:
    """The platform and an app with one emulator, in which registries are asked for and used."""
    with registry_world.running(surroundings, tmp_path / "world", vault_platform) as found:
        yield found


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Where an attack takes place."""
    return Scene(tmp_path, request.getfixturevalue, monkeypatch)


@EACH
def test_an_attack_is_refused(attack: Attack, scene: Scene) -> None:
    attack.require_refused(scene)


@EACH
def test_the_attack_works_without_its_defence(attack: Attack, scene: Scene, vault_platform: Path) -> None:
    attack.without_edited_defences(vault_platform)
    attack.without_defences(scene.monkeypatch)
    attack.carried_out(scene)
