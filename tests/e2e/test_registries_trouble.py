"""What goes wrong with registries on a real runner: said in words, nothing half-done, and mended by running again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import registry_world
from tests.e2e.platform_copy import SLUG
from tests.e2e.registry_world import ASKED, BUCKET
from tests.tools.registry_platform import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.e2e.registry_world import World

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def shared(surroundings: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with registry_world.running(surroundings, tmp_path_factory.mktemp("trouble")) as found:
        yield found


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """A world as it was at first, however a test spoils it."""
    start = str(shared.platform.commit)
    yield shared
    shared.lock_seconds = 60
    git(shared.platform.folder, "reset", "--quiet", "--hard", start)
    for name in shared.names():
        shared.client("ecr").delete_repository(repositoryName=name, force=True)
    for each in shared.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        shared.client("s3").delete_object(Bucket=BUCKET, Key=each["Key"])


def nothing(_: World) -> None:
    """Spoil nothing: the request itself is wrong."""


# What else is refused: tests/tools/test_registries_workflows.py and tests/unit/registries.
REFUSED: dict[str, tuple[Callable[[World], None], dict[str, str], str]] = {
    "unicode owner": (nothing, {"owner": "équipe"}, "`owner`:"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_cannot_be_met_opens_nothing_and_says_why(world: World, case: str) -> None:
    spoil, changes, words = REFUSED[case]
    spoil(world)
    ended = world.dispatch("create-ecr-registry", **{**ASKED, **changes})
    assert ended.jobs == {"propose": "failure"}
    assert words in ended.text
    assert world.local.threads.of(SLUG) == []


def test_no_job_with_a_role_runs_for_a_push_that_merged_no_registry(world: World) -> None:
    before = str(world.platform.commit)
    world.edit("docs/templates/handover.md", "is yours", "is all yours")
    ended = world.pushed(before)
    assert ended.jobs == {"find": "success"}, ended.story
    assert "no registry is to be applied" in ended.text


def test_an_apply_that_aws_fell_away_from_half_way_gets_there_when_run_again(world: World) -> None:
    assert world.dispatch("create-ecr-registry", **ASKED).code == 0
    with world.outage_after("CreateRepository"):
        broken = world.merge()
    assert broken.jobs == {"find": "success", "apply": "failure"}, broken.story
    assert world.names() == ["my-app"]
    world.lock_seconds = 1  # for nobody gives back the lock that the outage left
    again = world.apply()
    assert again.jobs == {"find": "success", "apply": "success"}, again.story
    assert world.client("ecr").get_lifecycle_policy(repositoryName="my-app")
