"""Seven characters of a commit can be ground: a release to dev takes the tag of another commit."""

from __future__ import annotations

from goldenpath.shared.errors import TagTaken
from tests.attacks.attack import Patch, Scene, attack
from tests.attacks.planted import image, plant, push
from tests.unit.layout_builder import AMD64, ARM64

TOLD = "which begins with the same seven characters"
MOVABLE = Patch("goldenpath.delivery.release.plan.require_movable")


def alike(scene: Scene) -> str:
    """Return another commit that begins with the same seven characters: what grinding gives, 2^28 tries later."""
    commit = scene.fixture("ready").commit
    return f"{commit.short}{'e' * 33}"


@attack(18, TagTaken, TOLD, MOVABLE)
def a_ground_commit_takes_the_tag_of_another_commit(scene: Scene) -> None:
    short, repository = scene.fixture("ready").commit.short, scene.fixture("repository")
    released = plant(scene, repository, image(scene, "real", alike(scene)), short)
    push(scene, repository)
    assert scene.fixture("emulator").tags(repository)[short] != released


@attack(18, TagTaken, TOLD, MOVABLE)
def a_ground_commit_takes_the_tag_that_the_environment_gave_another_commit(scene: Scene) -> None:
    short, repository = scene.fixture("ready").commit.short, scene.fixture("repository")
    released = plant(scene, repository, image(scene, "real", alike(scene)), f"dev-{short}")
    push(scene, repository)
    assert scene.fixture("emulator").tags(repository)[f"dev-{short}"] != released


@attack(18, TagTaken, TOLD, MOVABLE)
def a_ground_commit_takes_the_tag_of_an_index(scene: Scene) -> None:
    short, repository = scene.fixture("ready").commit.short, scene.fixture("repository")
    released = plant(scene, repository, image(scene, "real", alike(scene), AMD64, ARM64), short)
    push(scene, repository)
    assert scene.fixture("emulator").tags(repository)[short] != released
