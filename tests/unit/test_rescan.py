"""A green page about the newest release says which earlier ones it is not about."""

from __future__ import annotations

from goldenpath.model.names import Tag
from goldenpath.stages.rescan import not_scanned


def test_what_was_not_scanned_is_named() -> None:
    assert not_scanned([]) == ""
    assert not_scanned([Tag("prod-aaaaaaa")]) == (
        "\nOnly the newest release was scanned. If an earlier one runs, name it with `released_tag`: `prod-aaaaaaa`.\n"
    )


def test_of_many_earlier_releases_five_are_named_and_the_rest_are_counted() -> None:
    assert not_scanned([Tag(f"prod-{number:07}") for number in range(8)]).endswith("`prod-0000004` and 3 more.\n")
