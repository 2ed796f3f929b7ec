"""The page of one finding: what and where it is, how to fix it, and the exception to request where that must wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Kind
from goldenpath.delivery.report import exception_entry, finding_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, timedelta

    from goldenpath.delivery.model.finding import Finding

_KINDS = {Kind.SECRET: "secret", Kind.VULNERABILITY: "vulnerability", Kind.BLIND_SPOT: "file that cannot be searched"}
_LISTED_AT_MOST = 20


def render(findings: tuple[Finding, ...], today: date, longest: timedelta) -> str:
    """Return the page of `findings`, which have one id and are at least one, in Markdown.

    `longest` is how far away the end of an exception may be.
    """
    first = findings[0]
    places = [f"- {place}" for place in dict.fromkeys(map(_place, findings))]
    more = [f"- and {len(places) - _LISTED_AT_MOST} more"] if len(places) > _LISTED_AT_MOST else []
    parts = (
        f"# {first.id}\n\n{first.severity.value} {_KINDS[first.kind]}: {first.title}",
        "\n".join(["## Where", "", *places[:_LISTED_AT_MOST], *more]),
        "\n".join(["## What to do", "", *_steps(findings)]),
        _exception(first, today, longest),
        f"More about it: {first.url}" if first.url else "",
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def matching(findings: Iterable[Finding], wanted: str) -> tuple[Finding, ...]:
    """Return those of `findings` whose id or fingerprint is `wanted`, in any case; those of one id only."""
    hits = [finding for finding in findings if wanted.lower() in {finding.id.lower(), finding.fingerprint.lower()}]
    return tuple(finding for finding in hits if finding.id == hits[0].id)


def _place(finding: Finding) -> str:
    package, commit = finding_text.package(finding), finding.location.commit
    added = f" in commit {commit[:12]}" if commit else finding_text.platforms(finding)
    return f"{package}{', ' if package else ''}{finding_text.place(finding)}{added}{finding_text.origin(finding)}"


def _steps(findings: tuple[Finding, ...]) -> Iterator[str]:
    steps = list(dict.fromkeys(finding.remedy for finding in findings))
    bases = dict.fromkeys(finding.brought_by_base for finding in findings if finding.brought_by_base)
    steps += [f"Or build from a newer version of the base image {base}: it brings this finding." for base in bases]
    if any(finding.in_history_only for finding in findings):
        steps.append("Only git's history has it. Once it is revoked, `goldenpath settle` records that.")
    return (f"{number}. {step}" for number, step in enumerate(steps, 1))


def _exception(finding: Finding, today: date, longest: timedelta) -> str:
    return (
        "## If it cannot be fixed now\n\nRequest an exception in `.goldenpath.yml`. It counts once it is merged into "
        f"the default branch, until its last day.\n\n```yaml\n{exception_entry.render(finding, today, longest)}\n```"
    )
