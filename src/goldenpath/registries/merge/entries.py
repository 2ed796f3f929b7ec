"""What a merged pull request did to the registries, read from the two commits, never from a branch's name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.errors import PlanDrifted, PlanUnexpected
from goldenpath.registries import catalogue, platform_git
from goldenpath.registries.config import ecr_tf, hcl_edit
from goldenpath.registries.config.hcl import HclUnexpected
from goldenpath.registries.request import known_environments

if TYPE_CHECKING:
    from goldenpath.registries.review import PlanRecord


class EntryAction(Enum):
    """What happened to an entry."""

    WRITTEN = "written"
    REMOVED = "removed"


@dataclass(frozen=True)
class ChangedEntry:
    """One registry whose entry a pull request wrote or removed."""

    environment: str
    name: str
    kind: EntryAction

    @property
    def path(self) -> str:
        """The file that holds the entry."""
        return f"envs/{self.environment}/ecr.tf"


def changed_entries(checkout: Path, before: str, after: str) -> tuple[ChangedEntry, ...]:
    """Return every registry whose entry differs between two commits. Raises `RegistryConfigUnexpected`."""
    paths = set(platform_git.changed_paths(checkout, before, after))
    return tuple(
        found
        for environment in known_environments()
        if f"envs/{environment}/ecr.tf" in paths
        for found in _differing(checkout, environment, before, after)
    )


def require_one(found: tuple[ChangedEntry, ...], record: PlanRecord) -> None:
    """Refuse a pull request that touches another registry than the one whose plan was reviewed.

    One that touches none only has a plan reviewed anew, for an entry that is there. Raises `PlanDrifted`,
    `PlanUnexpected`.
    """
    if record.removal and not found:
        raise PlanDrifted(
            "the reviewed plan belongs to another change",
            why=f"the plan is to remove {record.name}, and its entry was not in ecr.tf before this was merged",
            fix="nothing was applied; put the entry back, then start retire-ecr-registry again",
        )
    if len(found) > 1:
        raise PlanUnexpected(
            f"the pull request changes {len(found)} registries: "
            + ", ".join(f"{each.name} ({each.environment})" for each in found),
            why="each registry has a plan, and a review, of its own",
            fix="nothing was applied; run the wizard once for each of them",
        )
    for each in found:
        kind = EntryAction.REMOVED if record.removal else EntryAction.WRITTEN
        if (each.environment, each.name, each.kind) != (record.environment, record.name, kind):
            raise PlanDrifted(
                "the reviewed plan belongs to another change",
                why=f"{each.name} in {each.environment} was {each.kind.value}, the plan is for {record.name} in "
                f"{record.environment}, {kind.value}",
                fix=f"nothing was applied; run the wizard for {each.name} in {each.environment}",
            )


def require_nothing_else(checkout: Path, found: tuple[ChangedEntry, ...], before: str, after: str) -> None:
    """Refuse with `PlanUnexpected` a pull request that changes anything beside the entries `found` and the catalogue.

    Raises `RegistryConfigUnexpected` too.
    """
    kept = {catalogue.FOR_MACHINES, catalogue.FOR_PEOPLE}
    beside = sorted(set(platform_git.changed_paths(checkout, before, after)) - kept - {each.path for each in found})
    beside += [f"{each.path} (outside of the entry)" for each in found if _rest(checkout, each, before) != _rest(
        checkout, each, after)]  # fmt: skip
    if beside:
        raise PlanUnexpected(
            f"the pull request changes more than its registry: {', '.join(beside)}",
            why="its plan shows one registry alone, so nobody saw there what the rest would do",
            fix="nothing was applied; run the wizard for the registry: it has the plan reviewed as things are now",
        )


def require_as_proposed(checkout: Path, record: PlanRecord, tip: str, after: str) -> None:
    """Refuse with `PlanDrifted` a merge, at `after`, whose entry is not that at `tip`, the last commit of its branch.

    Raises `RegistryConfigUnexpected` too.
    """
    if _entry(checkout, record, tip) != _entry(checkout, record, after):
        raise PlanDrifted(
            "what was merged is not what the pull request proposed",
            why=f"the merge describes {record.name} in {record.environment} otherwise than its branch did at its end",
            fix="nothing was applied; run the wizard again for this registry",
        )


def require_latest(checkout: Path, record: PlanRecord, after: str, tip: str, base: str) -> None:
    """Refuse with `PlanDrifted` a merge, at `after`, whose entry is another one at `tip`, the newest commit of `base`.

    A job that is run again much later would otherwise bring back what the branch describes no more. Raises
    `RegistryConfigUnexpected` too.
    """
    then, now = (_entry(checkout, record, commit) for commit in (after, tip))
    if then != now:
        how = "again" if not then else "in another way" if now else "no more"
        raise PlanDrifted(
            "the merged pull request is not the last word on its registry",
            why=f"since then {base} describes {record.name} in {record.environment} {how}",
            fix="nothing was applied; the later change of the registry is the one to apply: run its job, or the wizard",
        )


def _rest(checkout: Path, touched: ChangedEntry, commit: str) -> str:
    text = platform_git.text_at(checkout, commit, touched.path)
    try:
        rest = hcl_edit.without_entry(text, ecr_tf.BLOCK, ecr_tf.MAP, touched.name) if text else ""
    except HclUnexpected as error:
        raise ecr_tf.unexpected(Path(touched.path), error) from None
    # The first entry opens the braces of an empty map, and they stay open when it goes.
    return "".join(rest.split())


def _differing(checkout: Path, environment: str, before: str, after: str) -> list[ChangedEntry]:
    old, new = (_entries(checkout, environment, commit) for commit in (before, after))
    return [
        ChangedEntry(environment, name, EntryAction.WRITTEN if name in new else EntryAction.REMOVED)
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _entry(checkout: Path, record: PlanRecord, commit: str) -> ecr_tf.RegistryEntry | None:
    return _entries(checkout, record.environment, commit).get(record.name)


def _entries(checkout: Path, environment: str, commit: str) -> dict[str, ecr_tf.RegistryEntry]:
    path = f"envs/{environment}/ecr.tf"
    text = platform_git.text_at(checkout, commit, path)
    return {each.name: each for each in ecr_tf.parse(text, environment, Path(path))} if text else {}
