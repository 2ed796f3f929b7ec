"""What a scan for secrets is about, and the earlier scan at this terminal that it builds on."""

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
    """What is `wanted` beside what the `earlier` scan of the checkout `source` read; `tags` are its annotated tags.

    `may_be_kept`: this is a scan of all of history at a terminal, and the next one may build on it.
    """

    source: Path
    program: Program
    wanted: ScanRange
    tags: AnnotatedTags
    earlier: PreviousScan
    may_be_kept: bool

    @classmethod
    def of(cls, run: Run, program: Program, history: Path, revisions: tuple[str, ...]) -> ScanScope:
        """Return what the scan of `revisions` in `history` is about."""
        source = run.request.source
        wanted = git_objects.ScanRange(history, run.event.commit, revisions)
        tags = git_tags.read(source)
        may_be_kept = wanted.is_all and not run.event.in_workflow and not tags.unread
        previous = previous_scan.find(source, wanted, tags.names, program) if may_be_kept else None
        earlier = previous or PreviousScan.nothing()
        return cls(source, program, wanted.since(earlier.commit), tags, earlier, may_be_kept)

    @property
    def commits(self) -> int:
        """How many commits the result is about."""
        return len(self.wanted.commits) + self.earlier.commits

    @property
    def sentence(self) -> str:
        """What is about to be scanned."""
        before = f"; {self.earlier.commits} commits before were scanned earlier" if self.earlier.commits else ""
        return f"scanning {len(self.wanted.commits)} commits ({' '.join(self.wanted.revisions)}) for secrets{before}"

    def keep(self, brought: SecretHistory, leaks: Sequence[Leak], notes: Sequence[str]) -> None:
        """Keep what was found, in the order of `leaks`, for the next scan, unless more is in it than git keeps."""
        if not (self.may_be_kept and all(git_objects.is_in_git(leak.Commit) for leak in leaks)):
            return
        # What is said of submodules is about this commit only.
        of_submodules = {*git_objects.unscanned_submodules(self.wanted.history, self.wanted.commit, ())}
        lasting = tuple(note for note in notes if note not in of_submodules)
        placed = tuple(LeakWithCommit(leak, brought.commit(leak)) for leak in leaks)
        scan = PreviousScan(self.wanted.commit, self.commits, dict(self.tags.names), placed, lasting)
        previous_scan.keep(self.source, self.program, scan)
