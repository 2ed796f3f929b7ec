from __future__ import annotations

from datetime import UTC, datetime

import pytest

from goldenpath.delivery.model.last_release import LastRelease
from goldenpath.shared import codec
from goldenpath.shared.names import Digest, EnvironmentName, Tag

RELEASE = LastRelease(
    EnvironmentName("prod"), Digest(f"sha256:{'7' * 64}"), Tag("1.4.2"), datetime(2026, 11, 25, tzinfo=UTC)
)


def test_what_is_written_is_read_again() -> None:
    assert codec.decode(codec.encode(RELEASE), LastRelease) == RELEASE


@pytest.mark.parametrize(
    ("field", "value"),
    [("environment", "../prod"), ("digest", "sha256:7"), ("tag", "a b"), ("pushed_at", "2026-11-25T00:00:00")],
)
def test_a_value_that_is_none_of_its_kind_is_refused(field: str, value: str) -> None:
    tree = codec.decode(codec.encode(RELEASE), dict[str, str]) | {field: value}
    with pytest.raises(ValueError, match=field):
        codec.decode(codec.encode(tree), LastRelease)
