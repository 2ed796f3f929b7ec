"""Which images are signatures, attestations and SBOMs of others, in both forms."""

from __future__ import annotations

import datetime as dt

import pytest

from goldenpath.registries.aws.ecr import EcrImage
from goldenpath.registries.images import vouching

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
HEX = "ab" * 32
RELEASE = EcrImage(f"sha256:{HEX}", ("prod-a1b2c3d",), 1, NOW)


@pytest.mark.parametrize("tag", [f"sha256-{HEX}.sig", f"sha256-{HEX}.att", f"sha256-{HEX}.sbom", f"sha256-{HEX}"])
def test_cosign_names_what_it_signs_by_a_tag(tag: str) -> None:
    assert vouching.subject_of(EcrImage("sha256:1", (tag,), 1, NOW)) == RELEASE.digest


def test_a_referrer_names_its_subject() -> None:
    assert vouching.subject_of(EcrImage("sha256:1", (), 1, NOW, subject=RELEASE.digest)) == RELEASE.digest


@pytest.mark.parametrize("tags", [(), ("prod-a1b2c3d",), ("sha256-abc.sig",), (f"sha256-{HEX}.sig", "prod-a1b2c3d")])
def test_a_release_vouches_for_nothing_whatever_tags_it_has_besides(tags: tuple[str, ...]) -> None:
    assert vouching.subject_of(EcrImage("sha256:1", tags, 1, NOW)) == ""


def test_what_vouches_for_an_image_that_is_gone_is_known() -> None:
    signature = EcrImage("sha256:1", (f"sha256-{HEX}.sig",), 1, NOW)
    assert vouching.without_subject([RELEASE, signature]) == ()
    assert vouching.without_subject([signature]) == (signature,)
    assert vouching.vouched_for([RELEASE, signature]) == {RELEASE.digest}
