"""The changes of an environment's registries that were merged, with the plan that reviewers saw in the pull request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.registries import review
from goldenpath.shared import codec, git, merge_history
from goldenpath.shared.errors import PlanDrifted
from goldenpath.shared.evidence_archive import ArchivedFile, MissingEvidence
from goldenpath.shared.merge_history import MergedChange

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path


class RegistryChange(Struct, frozen=True):
    """A merged change of `envs/<environment>/ecr.tf`; `files` are its files in the archive.

    `plan` is the record in the pull request's description; `None` where it has none or GitHub was not asked.
    """

    merge: MergedChange
    files: tuple[str, ...]
    plan: review.PlanRecord | None = None


def collect(
    checkout: Path, environment: str, since: dt.datetime, confirm: Callable[[MergedChange], MergedChange]
) -> Iterator[tuple[RegistryChange, tuple[ArchivedFile, ...], tuple[MissingEvidence, ...]]]:
    """Yield every change since the date, the newest first, with its files and what it lacks. Raises `ToolFailed`.

    `confirm` adds what GitHub records of a merge.
    """
    path = f"envs/{environment}/ecr.tf"
    for change in merge_history.changes(checkout, "HEAD", path):
        if change.at >= since:
            yield _described(checkout, path, confirm(change))


def _described(
    checkout: Path, path: str, change: MergedChange
) -> tuple[RegistryChange, tuple[ArchivedFile, ...], tuple[MissingEvidence, ...]]:
    folder = f"registries/{change.commit}"
    words = ("show", "--first-parent", "--diff-merges=first-parent", "--format=", "--no-color", "--no-ext-diff")
    files = [ArchivedFile(f"{folder}/change.diff", git.output(checkout, *words, change.commit, "--", path))]
    if change.body:
        files.append(ArchivedFile(f"{folder}/pull-request.md", change.body.encode()))
    plan = _plan(change.body)
    if plan:
        files.append(ArchivedFile(f"{folder}/plan.json", codec.encode(plan)))
    entry = RegistryChange(replace(change, body=""), tuple(file.path for file in files), plan)
    return entry, tuple(files), tuple(_missing(change, plan))


def _plan(body: str) -> review.PlanRecord | None:
    try:
        return review.read_record(body)
    except PlanDrifted:
        return None


def _missing(change: MergedChange, plan: review.PlanRecord | None) -> Iterator[MissingEvidence]:
    about = f"registry change {change.commit}"
    if plan is None:
        number = f"pull request #{change.number}" if change.number else "a pull request, if it had one"
        yield MissingEvidence(
            about, "no plan", f"It is in {number} on GitHub: give a GITHUB_TOKEN that may read pull requests"
        )
    if not change.merged_by:
        yield MissingEvidence(about, "who merged it is not known", "GitHub knows: give a GITHUB_TOKEN")
