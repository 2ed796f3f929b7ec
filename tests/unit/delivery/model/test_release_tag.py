from __future__ import annotations

import pytest

from goldenpath.delivery.model import release_tag
from goldenpath.shared.names import EcrRepository, Version


def test_what_only_begins_as_a_release_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with a number"):
        release_tag.parse("very-nice")


@pytest.mark.parametrize("name", ["nightly", "1.4.2", "my-web", "web-1.4.2"])
def test_another_tag_releases_nothing(name: str) -> None:
    assert release_tag.parse(name) is None


@pytest.mark.parametrize(
    ("name", "version", "component"),
    [
        ("v1.4.2", "1.4.2", ""),
        ("release/v1.4.2", "1.4.2", ""),
        ("my-web-v1.4.2", "1.4.2", "my-web"),
        ("my-web@1.4.2", "1.4.2", "my-web"),
        ("@team/my-web@1.4.2", "1.4.2", "my-web"),
        ("services/web/v1.4.2", "1.4.2", "web"),
    ],
)
def test_a_release_has_a_version_and_maybe_a_component(name: str, version: str, component: str) -> None:
    found = release_tag.parse(name)
    assert found is not None
    assert (found.version, found.component) == (version, component)


@pytest.mark.parametrize(
    ("name", "goes_to"), [("v1.0.0", True), ("web@1.0.0", True), ("team-web@1.0.0", True), ("api@1.0.0", False)]
)
def test_a_component_is_released_to_its_own_repository_only(name: str, *, goes_to: bool) -> None:
    found = release_tag.parse(name)
    assert found is not None
    assert found.is_for(EcrRepository("team/web")) is goes_to


@pytest.mark.parametrize(("name", "tag"), [("a@1", None), ("v1", "v1")])
def test_a_tag_that_no_image_can_have_is_no_image_tag(name: str, tag: str | None) -> None:
    assert release_tag.ReleaseTag(name, Version("1")).as_image_tag == tag
