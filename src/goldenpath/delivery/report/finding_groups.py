"""Findings by the change that fixes them: three thousand findings are often a dozen changes.

Findings of packages belong together where the same sentence says what to do about them; secrets where they are of one
kind and in one file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import structs

from goldenpath.delivery.report import finding_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.delivery.model.finding import Finding

_IDS_AT_MOST = 3


@dataclass(frozen=True)
class FindingGroup:
    """The findings that one change fixes: at least one, the most severe first."""

    findings: tuple[Finding, ...]

    @property
    def remedy(self) -> str:
        """The change."""
        return self.findings[0].remedy

    def row(self) -> tuple[str, ...]:
        """Return it as the cells of a row below `finding_text.COLUMNS`."""
        if len(self.findings) == 1:
            return finding_text.row(self.findings[0])
        is_common = len({finding.platforms for finding in self.findings}) == 1
        first = self.findings[0] if is_common else structs.replace(self.findings[0], platforms=())
        severity, _, where, remedy = finding_text.row(first)
        ids = [*dict.fromkeys(finding.id for finding in self.findings)]
        others = len({finding.location for finding in self.findings}) - 1
        left = f" and {len(ids) - _IDS_AT_MOST} more" if len(ids) > _IDS_AT_MOST else ""
        elsewhere = f", and in {others} other place{'s' if others > 1 else ''}" if others else ""
        return severity, ", ".join(ids[:_IDS_AT_MOST]) + left, where + elsewhere, remedy


def grouped(findings: Iterable[Finding]) -> tuple[FindingGroup, ...]:
    """Return `findings` in groups: by the most severe finding, then those that settle most."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_key(finding), []).append(finding)
    ranked = [FindingGroup(tuple(sorted(listed, key=lambda one: one.severity.rank))) for listed in groups.values()]
    return tuple(sorted(ranked, key=lambda group: (group.findings[0].severity.rank, -len(group.findings))))


def best_change(findings: tuple[Finding, ...]) -> str:
    """Return a sentence on the one change that fixes most of `findings`; empty where none fixes several of them."""
    bases = {base: brought for base, brought in finding_text.by_base(findings).items() if base}
    base, of_base = max(bases.items(), key=lambda item: _fixable(item[1]), default=("", []))
    largest = max(grouped(findings), key=lambda group: len(group.findings), default=FindingGroup(()))
    if _fixable(of_base) > max(1, len(largest.findings)):
        return f"Most of it in one change: build from a newer {base}. {_share(_fixable(of_base), findings)}"
    if len(largest.findings) > 1:
        return f"Most of it in one change: {largest.remedy} {_share(len(largest.findings), findings)}"
    return ""


def _share(count: int, findings: tuple[Finding, ...]) -> str:
    return f"That is {count} of {len(findings)} findings."


def _fixable(findings: Iterable[Finding]) -> int:
    """Return for how many of `findings` a newer package exists: a newer base image can have it."""
    return sum(bool(finding.package and finding.package.fixed) for finding in findings)


def _key(finding: Finding) -> tuple[str, ...]:
    if finding.package:
        return finding.remedy, finding.brought_by_base
    return finding.remedy, finding.brought_by_base, finding.id, finding.location.path
