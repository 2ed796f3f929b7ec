"""What is released is not what was scanned: an image waits in an immutable registry under the tags of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.release.concurrently import map_concurrently
from goldenpath.delivery.release.plan import ReleasePlan, require_movable
from goldenpath.shared.errors import TagTaken
from tests.attacks.attack import Patch, Scene, attack
from tests.attacks.planted import image, plant, push
from tests.unit.layout_builder import AMD64, ARM64

if TYPE_CHECKING:
    from goldenpath.delivery.registry.oci_registry import StoredManifest
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.delivery.release.tags import ReleaseTags
    from goldenpath.shared.names import Commit, Digest

TOLD = "the gates of this run scanned another build"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def by_annotation(
    connection: EcrConnection, _candidate: StoredManifest, commit: Commit, tags: ReleaseTags, *_others: object
) -> ReleasePlan:
    """Plan as releases once did: what the repository holds for the commit takes the candidate's place."""
    before = map_concurrently(connection.registry.manifest, tags.wanted)
    require_movable(before, connection.info, commit)
    held = before[tags.wanted[0]]
    assert held is not None
    return ReleasePlan(before, held, tags)


REUSE = Patch("goldenpath.delivery.stages.ecr_push.preflight", by_annotation)


def released(scene: Scene, planted: Digest, *more: str) -> None:
    """Deliver to the repository in which the image was planted, and assert that the planted one was released."""
    repository, work = scene.fixture("frozen"), scene.fixture("work")
    assert work.read_candidate().digest != planted
    push(scene, repository, *more)
    assert work.read_receipt().digest == planted
    assert set(scene.fixture("emulator").tags(repository).values()) == {planted}


def tags_of(scene: Scene) -> tuple[str, str]:
    short = scene.fixture("ready").commit.short
    return short, f"dev-{short}"


@attack(7, TagTaken, TOLD, REUSE)
def an_image_is_planted_under_both_tags_of_a_commit(scene: Scene) -> None:
    evil = image(scene, "evil", scene.fixture("ready").commit)
    released(scene, plant(scene, scene.fixture("frozen"), evil, *tags_of(scene)))


@attack(7, TagTaken, TOLD, REUSE)
def a_planted_image_is_given_a_new_version(scene: Scene) -> None:
    evil = image(scene, "evil", scene.fixture("ready").commit)
    planted = plant(scene, scene.fixture("frozen"), evil, *tags_of(scene))
    released(scene, planted, "--version=1.4.2")
    assert scene.fixture("emulator").tags(scene.fixture("frozen"))["1.4.2"] == planted


@attack(7, TagTaken, TOLD, REUSE)
def an_index_of_two_platforms_is_planted(scene: Scene) -> None:
    evil = image(scene, "evil", scene.fixture("ready").commit, AMD64, ARM64)
    released(scene, plant(scene, scene.fixture("frozen"), evil, *tags_of(scene)))


@attack(7, TagTaken, TOLD, REUSE)
def an_image_of_dockers_media_type_is_planted(scene: Scene) -> None:
    evil = image(scene, "evil", scene.fixture("ready").commit)
    body = evil.manifest_bytes(evil.root()).replace(evil.root().media_type.encode(), DOCKER.encode())
    released(scene, plant(scene, scene.fixture("frozen"), evil, *tags_of(scene), media_type=DOCKER, body=body))


@attack(7, TagTaken, TOLD, REUSE)
def an_image_of_another_environments_gates_is_planted_under_this_environments_tag(scene: Scene) -> None:
    """It was released to `local`, whose gates advise, and somebody who may push gave it the tag of `dev`."""
    short, ours = tags_of(scene)
    evil = image(scene, "advised", scene.fixture("ready").commit)
    planted = plant(scene, scene.fixture("frozen"), evil, short, f"local-{short}", ours)
    released(scene, planted, "--version=2.0.0")
