"""The platform's rules as they were when a release was decided: versions of their file on the platform's branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.shared import git, merge_history
from goldenpath.shared.evidence_archive import ArchivedFile, MissingEvidence
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

FILE = "src/goldenpath/policy/environments.yaml"
# The exit status of git for an object that does not exist.
_NO_SUCH_FILE = 128
_WHOLE_CLONE = (
    f"Name a whole clone of the platform's repository with --platform; it has the rules in {FILE}, and rules "
    "that nobody merged there need an explanation"
)


@dataclass(frozen=True)
class PolicyVersion:
    """The rules as the commit of a change left them, from the moment `since` on; no `file` where it removed them."""

    since: dt.datetime
    file: ArchivedFile | None
    digest: Digest | None


@dataclass(frozen=True)
class PolicyHistory:
    """Every version of the rules on a branch, the newest first."""

    versions: tuple[PolicyVersion, ...] = ()

    def at(self, moment: dt.datetime) -> ArchivedFile | None:
        """Return the rules that were in force at the `moment`; `None` if there were none yet."""
        return next((version.file for version in self.versions if version.since <= moment), None)

    def of(self, digest: Digest) -> ArchivedFile | None:
        """Return the rules with this `digest`; `None` if no version has it."""
        return next((version.file for version in self.versions if version.digest == digest), None)


def history(checkout: Path) -> PolicyHistory:
    """Return the rules on the branch of `checkout`. Raises `ToolFailed`."""
    changes = merge_history.changes(checkout, "HEAD", FILE)
    return PolicyHistory(tuple(_version(checkout, change.commit, change.at) for change in changes))


def _version(checkout: Path, commit: str, since: dt.datetime) -> PolicyVersion:
    blob = git.ask(checkout, "cat-file", "blob", f"{commit}:{FILE}", accept=(0, _NO_SUCH_FILE))
    if blob.code == _NO_SUCH_FILE:
        return PolicyVersion(since, None, None)
    return PolicyVersion(since, ArchivedFile(f"policies/{commit}.yaml", blob.stdout), Digest.of(blob.stdout))


def of_release(
    history: PolicyHistory | None, about: str, named: Sequence[Digest], moment: dt.datetime | None
) -> tuple[tuple[ArchivedFile, ...], tuple[MissingEvidence, ...]]:
    """Return the rules of the release `about`, and which of them are missing.

    Its verdicts `named` them. Where none did, the rules of the `moment` count at which it was decided.
    """
    if history is None:
        return (), (MissingEvidence(about, "no rules that decided were looked for", _WHOLE_CLONE),)
    rules = {f"the rules that decided, {digest}, are in no commit of the platform's branch": history.of(digest)
             for digest in named}  # fmt: skip
    if not named:
        rules["the policy of its time was not found"] = history.at(moment) if moment else None
    missing = tuple(MissingEvidence(about, what, _WHOLE_CLONE) for what, file in rules.items() if file is None)
    return tuple(file for file in rules.values() if file), missing
