"""Gather the facts of a whole run from its work folder, for the summary and the comment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from goldenpath.delivery import stage_names
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.shared.errors import EvidenceMismatch, GoldenPathError

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.delivery.model.finding import Finding, Findings
    from goldenpath.delivery.model.work_folder import WorkFolder

T = TypeVar("T")


def gather(work: WorkFolder, environment: str, commit: str) -> Facts:
    """Return the facts of a run of `commit` for `environment` from the files in `work`."""
    verdicts = {gate: verdict for gate in Gate if (verdict := _if_there(partial(work.read_verdict, gate)))}
    reports = {gate: _if_there(partial(work.read_findings, gate)) for gate in verdicts}
    return Facts(
        environment=environment,
        commit=commit,
        stages=stage_names.IN_ORDER,
        timings=work.read_timings(),
        verdicts=verdicts,
        deciding={gate: _named(reports[gate], verdict.decided_by) for gate, verdict in verdicts.items()},
        unfixed={gate: _named(reports[gate], verdict.unfixed) for gate, verdict in verdicts.items()},
        candidate=_if_there(work.read_candidate),
        receipt=_if_there(work.read_receipt),
    )


def _named(report: Findings | None, names: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return the findings of `report` with these fingerprints, in their order; none where the gate left no report."""
    # Not decided again: the job of the summary has no checkout, so it does not know the rules that the app tightens.
    by_fingerprint = {finding.fingerprint: finding for finding in report.findings} if report else {}
    return tuple(by_fingerprint[name] for name in names if name in by_fingerprint)


def _if_there(read: Callable[[], T]) -> T | None:
    """Return what `read` returns; `None` where the file is missing or is not what its stage writes.

    Raises `EvidenceMismatch` for a file that somebody else wrote: a page that showed the rest would be believed.
    """
    try:
        return read()
    except EvidenceMismatch:
        raise
    except GoldenPathError:
        return None
