"""Decide which commits a scan for secrets reads, and which earlier scan of the checkout it builds on.

The result of a scan is kept at a terminal only, in the cache of the person there, because whoever can write it decides
which commits a scan leaves out (docs/adr/0036-what-was-scanned-before.md). A commit's id identifies everything that was
scanned, so none of it can have changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from goldenpath.delivery.checkout import git_tags
from goldenpath.delivery.scanners import result_cache
from goldenpath.delivery.secrets import git_objects
from goldenpath.delivery.secrets.gitleaks import Leak
from goldenpath.shared import codec, git
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from goldenpath.delivery.checkout.git_tags import AnnotatedTags
    from goldenpath.delivery.scanners.result_cache import KeptResult
    from goldenpath.delivery.secrets.git_objects import ScanRange
    from goldenpath.delivery.secrets.secret_history import SecretHistory
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.toolchain import Program

_SCAN = "scan"
# With more leaks than this, the time of a scan does not matter.
_LEAKS_AT_MOST = 20_000


class LeakWithCommit(Struct, frozen=True):
    """A `leak`, and the commit that added it; empty if no commit did."""

    leak: Leak
    commit: str


class PreviousScan(Struct, frozen=True):
    """The result of a scan of the history of `commit`, which has `commits` commits, and of its tree.

    `tags` maps the annotated tags at that time to the commits that they name. `notes` list contents that could not be
    scanned.
    """

    commit: str
    commits: int
    tags: dict[str, str]
    leaks: tuple[LeakWithCommit, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def nothing(cls) -> PreviousScan:
        """Return a scan of no commits."""
        return cls("", 0, {})


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
        previous = find(source, wanted, tags.names, program) if may_be_kept else None
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
        keep(self.source, self.program, scan)


def find(source: Path, wanted: ScanRange, tags: Mapping[str, str], program: Program) -> PreviousScan | None:
    """Return a scan of the checkout `source` that `wanted` can build on, by the same program, rules and code.

    Return `None` if there is none, if its record is damaged, or if others could write it.
    """
    with kept(source, program) as result:
        try:
            scan = codec.decode(result.facts.get(_SCAN, "") if result else "", PreviousScan)
        except ValueError:
            return None
    if not git.is_ancestor(wanted.history, Commit(scan.commit), Commit(wanted.commit)):
        return None
    return scan if _tags_are_the_same(scan, wanted, tags) else None


def _tags_are_the_same(scan: PreviousScan, wanted: ScanRange, tags: Mapping[str, str]) -> bool:
    """Return whether every tag existed at the time of `scan`, or names a newer commit."""
    if any(tags.get(tag) != named for tag, named in scan.tags.items()):
        return False
    added = {named for tag, named in tags.items() if tag not in scan.tags}
    return not added or added.issubset(wanted.since(scan.commit).commits)


def keep(source: Path, program: Program, scan: PreviousScan) -> None:
    """Keep a `scan` of the checkout `source` for the next one, if that saves time and nobody else can write it."""
    if len(scan.leaks) > _LEAKS_AT_MOST:
        return
    with kept(source, program) as result:
        if result:
            result.keep({_SCAN: msgspec.json.encode(scan, enc_hook=str).decode()})


def kept(source: Path, program: Program) -> AbstractContextManager[KeptResult | None]:
    """Give what is kept of scans of the checkout `source` by `program`."""
    return result_cache.here().result("secrets", str(source.resolve()), _identity(program))


def _identity(program: Program) -> str:
    """Return a hash of the program as pinned, its rules and the code of this package."""
    hasher = hashlib.sha256(
        f"{program.version}\0{program.origin}\0{hashlib.sha256(program.rules).hexdigest()}".encode()
    )
    for path in sorted(Path(__file__).parent.glob("*.*")):
        if path.suffix in {".py", ".yaml"}:
            hasher.update(path.read_bytes())
    return hasher.hexdigest()
