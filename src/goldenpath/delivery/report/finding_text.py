"""Write a finding as a sentence, a row of a table or the message of an alert. No other module words findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goldenpath.delivery.model.finding import Finding

NAMED_AT_MOST = 5
COLUMNS = ("severity", "finding", "where", "what to do")


def sentence(finding: Finding) -> str:
    """Return `finding` in one line, for a log, an annotation or a list: severity, id, place, origin and remedy."""
    return f"{finding.severity.value} {finding.id} in {_where(finding)}. {finding.remedy}"


def row(finding: Finding) -> tuple[str, ...]:
    """Return `finding` as the cells of a row below `COLUMNS`."""
    return finding.severity.value, finding.id, _where(finding), finding.remedy


def message(finding: Finding) -> str:
    """Return `finding` as the message of an alert in code scanning, which shows file and line beside it."""
    if finding.package is not None:
        named = f"{finding.severity.value}: {finding.id} in {package(finding)}"
        return f"{named} ({place(finding)}{platforms(finding)}){origin(finding)}. {finding.remedy}"
    if finding.gate is Gate.TRIVY and finding.kind is Kind.SECRET:
        return f"{finding.title}: {_where(finding)}. {finding.remedy}"
    return f"{finding.title}{commit(finding)}. {finding.remedy}"


def sentences(findings: Sequence[Finding], at_most: int = NAMED_AT_MOST) -> str:
    """Return the first of `findings` as sentences in one line, and how many more there are."""
    more = f"; and {len(findings) - at_most} more" if len(findings) > at_most else ""
    return "; ".join(map(sentence, findings[:at_most])) + more


def package(finding: Finding) -> str:
    """Return the package that `finding` is in, with its version; empty for one that is in none."""
    return f"{finding.package.name} {finding.package.version}" if finding.package else ""


def place(finding: Finding) -> str:
    """Return the path of `finding`, with its line where that is known."""
    line = finding.location.line
    return f"{finding.location.path}:{line}" if line else finding.location.path


def commit(finding: Finding) -> str:
    """Return the commit of `finding` in brackets, after a blank; empty where none is known."""
    # A secret that was removed later is only in its commit: the checked-out file at that line shows nothing.
    identity = finding.location.commit
    return f" (commit {identity[:12]})" if identity else ""


def platforms(finding: Finding) -> str:
    """Return the platforms of the image that have `finding`, after a blank; empty where all have, or it is unknown."""
    return f" on {' and '.join(finding.platforms)} only" if finding.platforms else ""


def origin(finding: Finding) -> str:
    """Return what brought `finding`, after a comma; empty where that is not known."""
    return f", {finding.origin.words}" if finding.origin else ""


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
    return f"{place(finding)}{commit(finding)}{platforms(finding)}{origin(finding)}"
