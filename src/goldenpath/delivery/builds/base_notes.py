"""The notes of a report about base images: how many findings they bring, and whether a newer image may help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.model.finding import Finding, Findings


def noted(report: Findings, bases: Iterable[BaseImage]) -> Findings:
    """Return `report` with a note on each base image that has findings, or whose tag names another image today."""
    known = {base.name: base for base in bases}
    of_base: dict[str, list[Finding]] = {base.name: [] for base in known.values() if base.is_outdated}
    for finding in report.findings:
        if finding.brought_by_base:
            of_base.setdefault(finding.brought_by_base, []).append(finding)
    notes = (_sentence(name, findings, known.get(name)) for name, findings in of_base.items())
    return replace(report, notes=(*report.notes, *notes))


def _sentence(name: str, findings: list[Finding], base: BaseImage | None) -> str:
    fixed = sum(bool(finding.package and finding.package.fixed) for finding in findings)
    count = "1 finding is" if len(findings) == 1 else f"{len(findings)} findings are"
    of_them = f"{count} from the base image {name}, {fixed or 'none'} of them with a fix"
    if base is None or base.newest is None:
        return f"{of_them}; whether its tag names a newer image is unknown"
    if not base.is_outdated:
        return f"{of_them}; its tag names no newer image: update packages in the Dockerfile, or take another tag"
    newer = f"{name} names another image today: {base.newest}, in place of {base.digest}"
    if not findings:
        return newer
    return f"{of_them}, which a newer base image may bring: {newer}"
