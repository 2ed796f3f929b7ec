"""Merge the findings of an image's platforms, and name the platforms of those that are not on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.delivery.model.finding import Finding


def merged(by_platform: Mapping[str, Sequence[Finding]]) -> tuple[Finding, ...]:
    """Return the findings of all platforms once each, by fingerprint; their platforms where not all have them.

    A vulnerability without a fix on one platform may have one on another: then the fix is kept. Otherwise an image
    could hide a fix by a platform of an OS that has none.
    """
    result: dict[str, Finding] = {}
    platforms: dict[str, dict[str, None]] = {}
    for platform, findings in by_platform.items():
        for finding in findings:
            platforms.setdefault(finding.fingerprint, {})[platform] = None
            known = result.setdefault(finding.fingerprint, finding)
            if known.has_no_fix and not finding.has_no_fix:
                result[finding.fingerprint] = finding
    every = len(by_platform)
    return tuple(
        finding if len(on := platforms[name]) == every else structs.replace(finding, platforms=tuple(on))
        for name, finding in result.items()
    )
