"""A finding of an image for several platforms says on which it is, unless it is on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from goldenpath.delivery.scanners import finding_platforms
from tests.unit.builders import blind_spot, image_secret, vulnerability

if TYPE_CHECKING:
    from goldenpath.delivery.model.finding import Finding

AMD64, ARM64, RISCV64 = "linux/amd64", "linux/arm64", "linux/riscv64"
FLAW, TOKEN, UNSEEN = vulnerability(), image_secret(), blind_spot()
CASES: dict[str, tuple[dict[str, tuple[Finding, ...]], tuple[Finding, ...]]] = {
    "no finding": ({AMD64: (), ARM64: ()}, ()),
    "one platform": ({AMD64: (FLAW, TOKEN)}, (FLAW, TOKEN)),
    "on all": ({AMD64: (FLAW,), ARM64: (FLAW,)}, (FLAW,)),
    "twice on one": ({AMD64: (FLAW, FLAW), ARM64: ()}, (replace(FLAW, platforms=(AMD64,)),)),
    "on two of three": (
        {AMD64: (), ARM64: (FLAW,), RISCV64: (UNSEEN, FLAW)},
        (replace(FLAW, platforms=(ARM64, RISCV64)), replace(UNSEEN, platforms=(RISCV64,))),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_platforms_are_named_where_not_all_have_a_finding(name: str) -> None:
    by_platform, findings = CASES[name]
    assert finding_platforms.merged(by_platform) == findings


def test_a_fingerprint_does_not_depend_on_the_platforms() -> None:
    alone, everywhere = ({AMD64: (FLAW,), ARM64: on_the_other} for on_the_other in ((), (FLAW,)))
    found = [finding_platforms.merged(by_platform)[0] for by_platform in (alone, everywhere)]
    assert [each.fingerprint for each in found] == [FLAW.fingerprint, FLAW.fingerprint]
    assert [each.platforms for each in found] == [(AMD64,), ()]


@pytest.mark.parametrize("platforms", [(AMD64, ARM64), (ARM64, AMD64)])
def test_the_fix_of_one_platform_is_kept_and_both_platforms_count(platforms: tuple[str, str]) -> None:
    unfixed = replace(vulnerability(fixed=""), fingerprint=FLAW.fingerprint)
    by_platform = {**dict(zip(platforms, ((unfixed,), (FLAW,)), strict=True)), RISCV64: ()}
    (found,) = finding_platforms.merged(by_platform)
    assert found.package == FLAW.package
    assert found.platforms == platforms
