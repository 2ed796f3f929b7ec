"""A registry's whole life on a real runner: asked for, reviewed, made, delivered to, deprecated, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import registry_world
from tests.e2e.platform_copy import SLUG
from tests.e2e.registry_world import ASKED
from tests.tools.registry_platform import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.registry_world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(surroundings: Mapping[str, str], tmp_path: Path) -> Iterator[World]:
    with registry_world.running(surroundings, tmp_path) as found:
        yield found


def test_a_registry_from_request_to_removal(world: World) -> None:
    asked = world.dispatch("create-ecr-registry", **ASKED)
    assert asked.code == 0, asked.story
    (pull,) = world.local.threads.of(SLUG)
    assert (pull.head, pull.labels) == ("registry/dev/my-app", ["ecr-registry"])
    assert world.names() == []

    applied = world.merge()
    assert applied.code == 0, applied.story
    assert world.names() == ["my-app"]
    (issue,) = world.local.threads.of(f"{SLUG.partition('/')[0]}/my-app")
    assert issue.title == "Your registry my-app in dev is ready"

    delivered = world.deliver()
    assert delivered.code == 0, delivered.story
    assert f"dev-{world.app.commit[:7]}" in world.local.tags("my-app")

    deprecated = world.dispatch("retire-ecr-registry", environment="dev", name="my-app", step="deprecate",
                                grace_days="30")  # fmt: skip
    assert deprecated.code == 0, deprecated.story
    assert world.merge().code == 0

    before = world.local.tags("my-app")
    world.app.write("rootfs/new", "new").save("Another version")
    refused = world.deliver()
    assert refused.code == 1, refused.story
    assert "explicit deny in a resource-based policy" in refused.text
    assert world.local.tags("my-app") == before

    early = world.dispatch("retire-ecr-registry", environment="dev", name="my-app", step="remove", grace_days="30")
    assert early.code != 0
    assert "its grace period runs until" in early.text
    let_time_pass(world)
    world.pull("my-app")
    removal = world.dispatch("retire-ecr-registry", environment="dev", name="my-app", step="remove", grace_days="30")
    assert removal.code == 0, removal.story
    assert "of its images were pulled in the last 14 days" in world.local.threads.of(SLUG)[-1].body
    alone = world.merge(approver="octocat")
    assert alone.jobs == {"find": "failure"}, alone.story  # no job with a role is started
    assert "Nobody has approved pull request #3 who did not ask for it" in alone.text
    assert world.local.tags("my-app") == before
    world.local.threads.review(SLUG, world.local.threads.of(SLUG)[-1].number, "second")
    gone = world.apply()
    assert gone.code == 0, gone.story
    assert world.names() == []
    listed = gone.artifact("registry-backup-dev-3-1", "dev-my-app.json")["images"]
    assert {tag for image in listed for tag in image["tags"]} == set(before)
    assert all(image["manifest"] for image in listed)


def let_time_pass(world: World) -> None:
    """Date the deprecation back, as if its grace period were over."""
    path = world.platform.folder / "envs" / "dev" / "ecr.tf"
    lines = path.read_text().splitlines(keepends=True)
    dates = {"deprecated_since": "2026-01-01", "remove_after": "2026-02-01"}
    for at, line in enumerate(lines):
        name = line.strip().partition(" ")[0]
        if name in dates and '"20' in line:
            lines[at] = f'{line.partition("= ")[0]}= "{dates[name]}"\n'
    path.write_text("".join(lines))
    git(world.platform.folder, "commit", "--quiet", "--all", "--message=Time passes")
    ecr = world.client("ecr")
    arn = ecr.describe_repositories(repositoryNames=["my-app"])["repositories"][0]["repositoryArn"]
    tags = {"goldenpath.idp/deprecated-since": "2026-01-01", "goldenpath.idp/remove-after": "2026-02-01"}
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def test_the_hygiene_report_is_one_issue(world: World) -> None:
    for _ in range(2):
        ended = world.dispatch("ecr-hygiene")
        assert ended.code == 0, ended.story
    (issue,) = world.local.threads.of(SLUG)
    assert "**Registries that comply with every rule: 0 of 1 (0 %).**" in issue.body
