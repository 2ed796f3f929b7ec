from __future__ import annotations

from dataclasses import replace

import pytest

from goldenpath.delivery.release import tags
from goldenpath.delivery.rules import matrix
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import Commit, Tag, Version
from tests.unit import policy_table
from tests.unit.builders import COMMIT

ENVIRONMENTS = [environment.name for environment in policy_table.POLICY.environments]


@pytest.mark.parametrize(
    ("environment", "version", "expected"),
    [
        ("local", None, ["a1b2c3d", "local-a1b2c3d", "latest"]),
        ("dev", None, ["a1b2c3d", "dev-a1b2c3d", "latest"]),
        ("dev", "1.4.2", ["a1b2c3d", "dev-a1b2c3d", "1.4.2", "latest"]),
        ("dev", "latest", ["a1b2c3d", "dev-a1b2c3d", "latest"]),
        ("test", None, ["a1b2c3d", "test-a1b2c3d"]),
        ("staging", "1.4.2", ["a1b2c3d", "staging-a1b2c3d", "1.4.2"]),
        ("prod", None, ["a1b2c3d", "prod-a1b2c3d"]),
        ("prod", "1.4.2", ["a1b2c3d", "prod-a1b2c3d", "1.4.2"]),
        ("prod", "a1b2c3d", ["a1b2c3d", "prod-a1b2c3d"]),
    ],
)
def test_the_tags_of_a_release(environment: str, version: str | None, expected: list[str]) -> None:
    given = Version(version) if version else None
    assert list(tags.of_release(matrix.load().environment(environment), Commit(COMMIT), given)) == expected


@pytest.mark.parametrize(("allowed", "expected"), [(False, ["1.4.2"]), (True, ["1.4.2", "v1.4.2"])])
def test_a_release_of_a_git_tag_has_that_tag_too_where_the_policy_allows_it(
    expected: list[str], *, allowed: bool
) -> None:
    prod = replace(matrix.load().environment("prod"), git_tag_allowed=allowed)
    found = tags.of_release(prod, Commit(COMMIT), Version("1.4.2"), git_tag=Tag("v1.4.2"))
    assert list(found) == ["a1b2c3d", "prod-a1b2c3d", *expected]


@pytest.mark.parametrize("version", ["prod-a1b2c3d", "prod-1234567", "dev-fffffff", "fffffff"])
def test_a_version_that_reads_like_the_tag_of_a_commit_is_refused(version: str) -> None:
    """An image that dev let through must not be able to call itself prod's."""
    with pytest.raises(BadInput) as caught:
        tags.of_release(matrix.load().environment("dev"), Commit(COMMIT), Version(version), environments=ENVIRONMENTS)
    assert caught.value.what == f"{version} is not a version: it reads like the tag of a commit"


def test_latest_is_no_version_where_the_policy_refuses_it() -> None:
    with pytest.raises(BadInput, match="`latest` is not a version, and prod has no such tag"):
        tags.of_release(matrix.load().environment("prod"), Commit(COMMIT), Version("latest"))


@pytest.mark.parametrize(
    ("environment", "image_tag", "accepted"),
    [
        ("dev", "build-7", True),
        ("dev", COMMIT, True),
        ("dev", COMMIT[:12], True),
        ("dev", "dev-a1b2c3d", True),
        ("dev", "20261121", True),
        ("dev", "dev-nightly", True),
        ("dev", "1234567", True),
        ("dev", "build-1234567", True),
        ("dev", "sha-a1b2c3d", True),
        ("prod", "main-a1b2c3d", True),
        ("dev", "sha-" + COMMIT, True),
        ("dev", "dev-1234567", False),
        ("dev", "prod-1234567", False),
        ("dev", "sha-fffffff", False),
        ("dev", "x" * 128, True),
        ("dev", "latest", True),
        ("prod", "latest", False),
        ("dev", "prod-a1b2c3d", False),
        ("dev", "prod-nightly", False),
        ("dev", "dev-fffffff", False),
        ("dev", "qa-fffffff", False),
        ("dev", "fffffff", False),
        ("dev", "f" * 40, False),
        ("dev", COMMIT[:12] + "f", False),
        ("dev", "2" * 40, False),
        ("prod", "dev-a1b2c3d", False),
    ],
)
def test_an_image_tag_is_taken_uncut_unless_it_forges_another_commits_or_environments(
    environment: str, image_tag: str, *, accepted: bool
) -> None:
    rules = matrix.load().environment(environment)

    def of_release() -> tuple[Tag, ...]:
        return tags.of_release(rules, Commit(COMMIT), None, image_tag=Tag(image_tag), environments=ENVIRONMENTS)

    if accepted:
        assert Tag(image_tag) in of_release()
        return
    with pytest.raises(BadInput, match="is not an image tag"):
        of_release()


@pytest.mark.parametrize(
    ("environment", "image_tag", "version", "moves"),
    [
        ("dev", "main", None, True),
        ("dev", "main", "main", False),
        ("dev", "1.4", None, False),
        ("local", "anything", None, True),
        ("local", "a1b2c3d", None, False),
        ("local", "local-a1b2c3d", None, False),
        ("test", "main", None, False),
        ("prod", "main", None, False),
    ],
)
def test_only_image_tags_move_and_only_where_the_policy_says_so(
    environment: str, image_tag: str, version: str | None, *, moves: bool
) -> None:
    rules = matrix.load().environment(environment)
    found = tags.moving(rules, Commit(COMMIT), Tag(image_tag), [version] if version else [])
    assert found == {tags.LATEST, *([Tag(image_tag)] if moves else [])}


def test_a_tag_of_the_release_itself_is_not_one_of_another_environment() -> None:
    own, named = Tag("dev-a1b2c3d"), [Tag("dev-a1b2c3d"), Tag("sha-a1b2c3d")]
    assert not tags.elsewhere(named, own, named)
    assert tags.elsewhere([*named, Tag("prod-a1b2c3d")], own, named)


@pytest.mark.parametrize(
    ("named", "readable"),
    [
        (["a1b2c3d", "prod-a1b2c3d", "1.4.2"], "1.4.2"),
        (["a1b2c3d", "dev-a1b2c3d", "prod-a1b2c3d", "latest"], "prod-a1b2c3d"),
        (["nightly", "prod-a1b2c3d", "1.4.2"], "1.4.2"),
        (["nightly", "prod-a1b2c3d", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"], "nightly"),
        ([], "prod-a1b2c3d"),
    ],
)
def test_people_know_a_release_by_its_version(named: list[str], readable: str) -> None:
    assert tags.readable(map(Tag, named), Tag("prod-a1b2c3d")) == readable
