"""Gather the facts of a whole run from its work folder, for the summary and the comment."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from goldenpath.delivery import stage_names
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import release_difference
from goldenpath.delivery.report.exception_entry import USUAL
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.delivery.report.left_files import if_there
from goldenpath.policy import contact
from goldenpath.shared import runner
from goldenpath.shared.errors import EvidenceMismatch

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from goldenpath.delivery.model.finding import Finding, Findings
    from goldenpath.delivery.report.release_difference import ReleaseDifference


def gather(work: WorkFolder, environment: str, commit: str, longest_exception: timedelta = USUAL) -> Facts:
    """Return the facts of a run of `commit` for `environment` from the files in `work`.

    An exception there may end after `longest_exception` at the latest.
    """
    verdicts = {gate: verdict for gate in Gate if (verdict := if_there(partial(work.read_verdict, gate)))}
    reports = {gate: report for gate in verdicts if (report := if_there(partial(work.read_findings, gate)))}
    difference, not_compared = _compared(work, reports.get(Gate.TRIVY))
    return Facts(
        environment=environment,
        commit=commit,
        stages=stage_names.IN_ORDER,
        timings=work.read_timings(),
        verdicts=verdicts,
        reports=reports,
        deciding={gate: _named(reports.get(gate), verdict.decided_by) for gate, verdict in verdicts.items()},
        unfixed={gate: _named(reports.get(gate), verdict.unfixed) for gate, verdict in verdicts.items()},
        candidate=if_there(work.read_candidate),
        receipt=if_there(work.read_receipt),
        longest_exception=longest_exception,
        contact=contact.of_platform(),
        difference=difference,
        not_compared=not_compared,
    )


def _compared(work: WorkFolder, now: Findings | None) -> tuple[ReleaseDifference | None, str]:
    """Return the difference to the last release, and why there is none although it was scanned."""
    try:
        return (release_difference.of_run(work, now) if now else None), ""
    except EvidenceMismatch as error:
        # The comparison decides nothing, so its files must not take the rest of the page away.
        return None, f"The comparison with the last release is left out: {error.what}"


def of_folder(work: WorkFolder) -> Facts | None:
    """Return the facts of the run that left its files in `work`; `None` where no gate has decided."""
    verdicts = [verdict for gate in Gate if (verdict := if_there(partial(work.read_verdict, gate)))]
    candidate = if_there(work.read_candidate)
    if not verdicts:
        return None
    commit = candidate.commit if candidate else verdicts[0].subject
    return gather(work, verdicts[0].environment, commit)


def chosen(named: Path | None) -> WorkFolder | None:
    """Return the work folder that somebody `named`, else this user's newest; `None` where there is none."""
    return WorkFolder(named) if named else newest(runner.default_work_dir(runner.variables()))


def newest(base: Path) -> WorkFolder | None:
    """Return the work folder in or below `base` that a gate wrote to last; `None` where there is none."""
    works = (WorkFolder(folder) for folder in (base, *base.iterdir()) if folder.is_dir())
    reports = ((work.findings(gate), work) for work in works for gate in Gate)
    left = [(path.stat().st_mtime, work) for path, work in reports if path.is_file()]
    return max(left, key=itemgetter(0))[1] if left else None


def _named(report: Findings | None, names: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return the findings of `report` with these fingerprints, in their order; none where the gate left no report."""
    # Not decided again: the job of the summary has no checkout, so it does not know the rules that the app tightens.
    by_fingerprint = {finding.fingerprint: finding for finding in report.findings} if report else {}
    return tuple(by_fingerprint[name] for name in names if name in by_fingerprint)
