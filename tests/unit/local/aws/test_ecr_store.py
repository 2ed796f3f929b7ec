"""Which tags may be overwritten."""

from __future__ import annotations

import pytest
from moto.ecr.models import Repository

from goldenpath.local.aws.ecr_store import may_overwrite


def repository(mutability: str, *filters: str) -> Repository:
    excluded = [{"filter": text, "filterType": "WILDCARD"} for text in filters]
    return Repository("1", "eu-west-2", "app", None, None, "", mutability, excluded or None)  # type: ignore[abstract,arg-type]


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "may"),
    [
        ("MUTABLE", (), "1.0", True),
        ("IMMUTABLE", (), "1.0", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "dev-1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "a-dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("1.0",), "1x0", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "v1", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "latest", True),
    ],
)
def test_mutability_and_its_exclusions_decide_about_a_tag(
    mutability: str, filters: tuple[str, ...], tag: str, may: bool
) -> None:
    assert may_overwrite(repository(mutability, *filters), tag) is may
