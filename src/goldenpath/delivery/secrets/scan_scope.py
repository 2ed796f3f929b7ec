"""Decide which commits a scan for secrets reads, and which earlier scan it builds on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.checkout import git_tags
from goldenpath.delivery.secrets import git_objects, previous_scan
from goldenpath.delivery.secrets.previous_scan import LeakWithCommit, PreviousScan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from goldenpath.delivery.checkout.git_tags import AnnotatedTags
    from goldenpath.delivery.secrets.git_objects import ScanRange
    from goldenpath.delivery.secrets.gitleaks import Leak
    from goldenpath.delivery.secrets.secret_history import SecretHistory
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.toolchain import Program


@dataclass(frozen=True)
class ScanScope:
    """The range `wanted` that the `earlier` scan of the checkout `source` did not read; `tags` are its annotated tags.

    `may_be_kept` is true for a scan of the whole history at a terminal: the next scan may build on it.
    """

    source: Path
    program: Program
    wanted: ScanRange
    tags: AnnotatedTags
    earlier: PreviousScan
    may_be_kept: bool

    @classmethod
    def of(cls, run: Run, program: Program, history: Path, revisions: tuple[str, ...]) -> ScanScope:
        """Return the scope of a scan of `revisions` in `history`."""
        source = run.request.source
        wanted = git_objects.ScanRange(history, run.event.commit, revisions)
        tags = git_tags.read(source)
        may_be_kept = wanted.is_all and not run.event.in_workflow and not tags.unread
        previous = previous_scan.find(source, wanted, tags.names, program) if may_be_kept else None
        earlier = previous or PreviousScan.nothing()
        return cls(source, program, wanted.since(earlier.commit), tags, earlier, may_be_kept)

    @property
    def commits(self) -> int:
        """The number of commits that the result covers, those of the earlier scan included."""
        return len(self.wanted.commits) + self.earlier.commits

    @property
    def sentence(self) -> str:
        """The message that announces the scan."""
        before = f"; {self.earlier.commits} commits before were scanned earlier" if self.earlier.commits else ""
        return f"scanning {len(self.wanted.commits)} commits ({' '.join(self.wanted.revisions)}) for secrets{before}"

    def keep(self, brought: SecretHistory, leaks: Sequence[Leak], notes: Sequence[str]) -> None:
        """Keep the `leaks`, in their order, for the next scan, unless one of them is in a file outside git."""
        if not (self.may_be_kept and all(git_objects.is_in_git(leak.Commit) for leak in leaks)):
            return
        # Notes on submodules apply to this commit only.
        of_submodules = {*git_objects.unscanned_submodules(self.wanted.history, self.wanted.commit, ())}
        lasting = tuple(note for note in notes if note not in of_submodules)
        placed = tuple(LeakWithCommit(leak, brought.commit(leak)) for leak in leaks)
        scan = PreviousScan(self.wanted.commit, self.commits, dict(self.tags.names), placed, lasting)
        previous_scan.keep(self.source, self.program, scan)
