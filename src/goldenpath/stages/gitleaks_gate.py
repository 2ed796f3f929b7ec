"""gitleaks-gate: no secret in the commits that a run brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import SourceUnusable
from goldenpath.model import inputs
from goldenpath.model.finding import Findings, Gate, Scanner
from goldenpath.stages import gate
from goldenpath.stages.base import Outcome, Run, Stage
from goldenpath.tools import git, gitleaks

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.model.event import Event


def run(run: Run) -> Outcome:
    """Scan the commits of the event, or all of history where it bounds none, and decide."""
    gate.forget(run, Gate.GITLEAKS)
    source = run.request.source
    require_checkout(run)
    revisions = revisions_of(run.event, source)
    commits = git.count(source, *revisions)
    run.say(f"scanning {commits} commits ({' '.join(revisions)}) for secrets")
    program = run.toolchain.provide("gitleaks")
    report = Findings(
        gate=Gate.GITLEAKS,
        scanner=Scanner(program.name, program.version, program.origin),
        subject=run.event.commit,
        seen={"commits": str(commits), "revisions": " ".join(revisions)},
        findings=gitleaks.parse(gitleaks.scan(program, git.folder(source), revisions)),
    )
    return gate.conclude(run, report, category="gitleaks")


def require_checkout(run: Run) -> None:
    """Raise `SourceUnusable` unless the source is whole, and checked out at the commit that this run is about."""
    source, commit = run.request.source, run.event.commit
    if git.is_shallow(source):
        raise SourceUnusable(
            "the checkout is shallow: part of its history is missing and cannot be scanned",
            fix="check out with `fetch-depth: 0`; at a terminal: git fetch --unshallow",
        )
    if (head := git.head(source)) != commit:
        raise SourceUnusable(
            f"the checkout is at {head}, but this run is about {commit}",
            why="what is scanned and built would not be what the tags say",
            fix="check out the commit of the run (actions/checkout without `ref:`)",
        )


def revisions_of(event: Event, source: Path) -> tuple[str, ...]:
    """Return the git revisions to scan: what came since `before`, or everything when that is not in the clone."""
    if event.before is None or not git.has(source, event.before):
        return (str(event.commit),)
    return (str(event.commit), f"^{event.before}")


STAGE = Stage(
    name="gitleaks-gate",
    help="Scan the commits of this run for secrets with gitleaks, and decide by the environment's rules.",
    inputs=(inputs.ENVIRONMENT, inputs.SOURCE, inputs.WORK_DIR),
    outputs=gate.GATE_OUTPUTS,
    run=run,
)
