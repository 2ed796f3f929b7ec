"""summary: the whole run on one page, whatever became of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from goldenpath.delivery import stage_names
from goldenpath.delivery.model import inputs
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared.errors import EvidenceMismatch, GoldenPathError

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.delivery.model.finding import Finding, Findings
    from goldenpath.delivery.model.verdict import Verdict

T = TypeVar("T")


def run(run: Run) -> Outcome:
    """Write the job summary from the files in the work folder; what is not there did not happen."""
    facts = gather(run)
    run.runner.append_summary(job_summary.render(facts))
    return Outcome(sentence=job_summary.headline(facts), outputs={"ending": facts.ending.value})


def gather(run: Run) -> Facts:
    """Return what the files of a run say."""
    verdicts = {gate: found for gate in Gate if (found := _if_there(partial(run.work.read_verdict, gate)))}
    return Facts(
        environment=run.environment.name,
        commit=run.event.commit,
        stages=stage_names.IN_ORDER,
        timings=run.work.read_timings(),
        verdicts=verdicts,
        deciding={gate: deciding(run, gate) for gate in verdicts},
        unfixed={gate: unfixed(run, gate) for gate in verdicts},
        candidate=_if_there(run.work.read_candidate),
        receipt=_if_there(run.work.read_receipt),
    )


def deciding(run: Run, gate: Gate) -> tuple[Finding, ...]:
    """Return the findings of `gate` that decided, the most severe first; none where it left nothing."""
    return _named(run, gate, lambda verdict: verdict.decided_by)


def unfixed(run: Run, gate: Gate) -> tuple[Finding, ...]:
    """Return the findings of `gate` that do not decide only because nobody has fixed them."""
    return _named(run, gate, lambda verdict: verdict.unfixed)


def _named(run: Run, gate: Gate, names: Callable[[Verdict], tuple[str, ...]]) -> tuple[Finding, ...]:
    verdict = _if_there(partial(run.work.read_verdict, gate))
    report: Findings | None = _if_there(partial(run.work.read_findings, gate))
    if verdict is None or report is None:
        return ()
    # Not decided anew: the job of the summary has no checkout, and so not what the app tightens.
    by_fingerprint = {each.fingerprint: each for each in report.findings}
    return tuple(by_fingerprint[name] for name in names(verdict) if name in by_fingerprint)


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


STAGE = Stage(
    name="summary",
    help="Write the job summary of the whole run: verdict, what decides, image and stages.",
    inputs=(inputs.ENVIRONMENT, inputs.SOURCE, inputs.WORK_DIR, inputs.EVIDENCE),
    outputs={"ending": "How the run ended: `released`, `checked`, `blocked` or `failed`."},
    run=run,
    reads_files=True,
)
