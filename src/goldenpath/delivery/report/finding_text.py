"""Write a finding as a sentence, a row of a table or the message of an alert. No other module words findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.delivery.model.finding import Finding

COLUMNS = ("severity", "finding", "where", "what to do")


def sentence(finding: Finding) -> str:
    """Return `finding` in one line, for a log, an annotation or a list: severity, id, place, origin and remedy."""
    return f"{finding.severity.value} {finding.id} in {_where(finding)}. {finding.remedy}"


def row(finding: Finding) -> tuple[str, ...]:
    """Return `finding` as the cells of a row below `COLUMNS`."""
    return finding.severity.value, finding.id, _where(finding), finding.remedy


def message(finding: Finding) -> str:
    """Return `finding` as the message of an alert in code scanning, which shows file and line beside it."""
    package = finding.package
    if package is not None:
        named = f"{finding.severity.value}: {finding.id} in {package.name} {package.version}"
        return f"{named} ({_place(finding)}){_origin(finding)}. {finding.remedy}"
    if finding.gate is Gate.TRIVY and finding.kind is Kind.SECRET:
        return f"{finding.title}: {_where(finding)}. {finding.remedy}"
    return f"{finding.title}{_commit(finding)}. {finding.remedy}"


def by_base(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return the findings by the base image that brought them, those of the app itself last and under `""`.

    A newer base image may settle everything that it brings, so its findings are shown together.
    """
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.brought_by_base, []).append(finding)
    if own := groups.pop("", []):
        groups[""] = own
    return groups


def _where(finding: Finding) -> str:
    return f"{_place(finding)}{_commit(finding)}{_origin(finding)}"


def _place(finding: Finding) -> str:
    line = finding.location.line
    return f"{finding.location.path}:{line}" if line else finding.location.path


def _commit(finding: Finding) -> str:
    # A secret that was removed later is only in its commit: the checked-out file at that line shows nothing.
    commit = finding.location.commit
    return f" (commit {commit[:12]})" if commit else ""


def _origin(finding: Finding) -> str:
    return f", {finding.origin.words}" if finding.origin else ""
