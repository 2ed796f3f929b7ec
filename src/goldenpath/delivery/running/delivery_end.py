"""The end of a delivery at a terminal: the verdict, then what to do, where the image is and where the report is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.report import finding_groups, job_summary
from goldenpath.delivery.report.job_summary import Ending
from goldenpath.shared.console import more_about
from goldenpath.shared.errors import GateBlocked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.delivery.report.finding_groups import FindingGroup
    from goldenpath.delivery.report.job_summary import Facts
    from goldenpath.shared.errors import GoldenPathError

_GROUPS_AT_MOST = 5


@dataclass(frozen=True)
class DeliveryEnd:
    """The `facts` that a delivery left in the work folder `folder`, and the `error` that ended it, if one did.

    `is_named` where the user chose the folder: then the commands for it must name it.
    """

    facts: Facts
    folder: Path
    error: GoldenPathError | None = None
    is_named: bool = False

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        return job_summary.headline(self.facts)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what follows the verdict, a label and a text for each line."""
        if self.facts.difference:
            yield "changes", self.facts.difference.sentence
        yield from self._findings()
        yield from self._failure()
        if helper := self.facts.helper:
            yield "help", helper.line
        yield from self._other_environments()
        yield from self._image()
        yield from self._files()

    def _findings(self) -> Iterator[tuple[str, str]]:
        findings = self.facts.to_fix
        if not findings:
            return
        if change := finding_groups.best_change(findings):
            yield "first", change
        groups = sorted(finding_groups.grouped(findings), key=lambda group: not self._is_new(group))
        yield from (("to fix", self._in_words(group)) for group in groups[:_GROUPS_AT_MOST])
        if left := sum(len(group.findings) for group in groups[_GROUPS_AT_MOST:]):
            yield "", f"and {left} more findings, all in the report"
        yield "explain", f"goldenpath explain {shlex.quote(groups[0].findings[0].id)}{self._option}"

    def _failure(self) -> Iterator[tuple[str, str]]:
        if self.error is None:
            return
        if isinstance(self.error, GateBlocked) and self.facts.to_fix:
            yield "do", self.error.fix
            return
        yield "error", self.error.what
        if self.error.why:
            yield "why", self.error.why
        yield "do", self.error.fix
        yield "more", more_about(self.error)

    def _other_environments(self) -> Iterator[tuple[str, str]]:
        if self.facts.ending is Ending.BLOCKED:
            return
        gates_by_environments: dict[tuple[str, ...], list[str]] = {}
        for gate, verdict in self.facts.verdicts.items():
            gates_by_environments.setdefault(verdict.would_block_in, []).append(gate)
        gates_by_environments.pop((), None)
        for environments, gates in gates_by_environments.items():
            yield "later", f"{' and '.join(gates)} would block in {', '.join(environments)}"

    def _image(self) -> Iterator[tuple[str, str]]:
        receipt, candidate = self.facts.receipt, self.facts.candidate
        if receipt is not None and self.facts.ending is Ending.RELEASED:
            yield "image", receipt.reference
            yield "tags", ", ".join(move.tag for move in receipt.tags)
        elif receipt is not None:
            yield "image", f"{receipt.digest}: the release is {receipt.state}"
            if receipt.state is State.BROKEN:
                yield "repair", f"goldenpath release repair {shlex.quote(str(self.folder / 'receipt.json'))}"
        elif candidate is not None:
            yield "image", f"{candidate.digest}, not released"
        if candidate is not None and len(candidate.platforms) > 1:
            for image in candidate.platforms:
                yield image.platform, f"{image.digest}, {image.size / 1e6:.1f} MB"

    def _files(self) -> Iterator[tuple[str, str]]:
        if self.facts.verdicts:
            yield "report", f"goldenpath report open{self._option}"
        yield "files", str(self.folder)

    def _is_new(self, group: FindingGroup) -> bool:
        difference = self.facts.difference
        return bool(difference and any(map(difference.is_new, group.findings)))

    def _in_words(self, group: FindingGroup) -> str:
        severity, ids, where, remedy = group.row()
        # The sentence on a package names it; its place is in the report.
        place = "" if group.findings[0].package else f" in {where}"
        return f"{'new: ' if self._is_new(group) else ''}{severity} {ids}{place}: {remedy}"

    @property
    def _option(self) -> str:
        return f" --work-dir {shlex.quote(str(self.folder))}" if self.is_named else ""
