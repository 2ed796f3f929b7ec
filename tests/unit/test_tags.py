from __future__ import annotations

import pytest

from goldenpath.errors import BadInput
from goldenpath.model.names import Commit, Version
from goldenpath.policy import matrix
from goldenpath.release import tags
from tests.unit.builders import COMMIT


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


@pytest.mark.parametrize("version", ["prod-a1b2c3d", "dev-fffffff", "fffffff", "1234567"])
def test_a_version_that_reads_like_the_tag_of_a_commit_is_refused(version: str) -> None:
    """An image that dev let through must not be able to call itself prod's."""
    with pytest.raises(BadInput) as caught:
        tags.of_release(matrix.load().environment("dev"), Commit(COMMIT), Version(version))
    assert caught.value.what == f"{version} is not a version: it reads like the tag of a commit"


def test_latest_is_no_version_where_the_policy_refuses_it() -> None:
    with pytest.raises(BadInput, match="`latest` is not a version, and prod has no such tag"):
        tags.of_release(matrix.load().environment("prod"), Commit(COMMIT), Version("latest"))
