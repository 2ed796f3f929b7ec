"""What a report says about the base image: how many findings are its own, and whether a newer one may help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.model.finding import Finding, Findings


def noted(report: Findings, bases: Iterable[BaseImage]) -> Findings:
    """Return `report` with a note on each base image that has findings, or whose tag names another image by now."""
    known = {each.name: each for each in bases}
    of_base: dict[str, list[Finding]] = {each.name: [] for each in known.values() if each.is_outdated}
    for finding in report.findings:
        if finding.brought_by_base:
            of_base.setdefault(finding.brought_by_base, []).append(finding)
    notes = (_sentence(name, found, known.get(name)) for name, found in of_base.items())
    return replace(report, notes=(*report.notes, *notes))


def _sentence(name: str, found: list[Finding], base: BaseImage | None) -> str:
    fixed = sum(bool(each.package and each.package.fixed) for each in found)
    count = "1 finding is" if len(found) == 1 else f"{len(found)} findings are"
    of_them = f"{count} from the base image {name}, {fixed or 'none'} of them with a fix"
    if base is None or base.newest is None:
        return f"{of_them}; whether its tag names a newer image is unknown"
    if not base.is_outdated:
        return f"{of_them}; its tag names no newer image: update packages in the Dockerfile, or take another tag"
    newer = f"{name} names another image today: {base.newest}, in place of {base.digest}"
    if not found:
        return newer
    return f"{of_them}, which a newer base image may bring: {newer}"
