from __future__ import annotations

import pytest

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
