"""The entries that a merged pull request changed, read from commits: it may change exactly one, and nothing else.

Its plan shows one registry, so a second entry, or any other file, would be applied without a review.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.registries import catalogue, platform_git
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.request import known_environments
from goldenpath.shared.errors import PlanDrifted, PlanUnexpected

if TYPE_CHECKING:
    from goldenpath.registries.config.ecr_tf import RegistryEntry
    from goldenpath.registries.review import PlanRecord


class EntryAction(Enum):
    """What a pull request did to an entry."""

    WRITTEN = "written"
    REMOVED = "removed"


@dataclass(frozen=True)
class ChangedEntry:
    """An entry that a pull request wrote or removed."""

    environment: str
    name: str
    action: EntryAction

    @property
    def path(self) -> str:
        """The file that holds the entry."""
        return f"envs/{self.environment}/ecr.tf"


def changed_entries(checkout: Path, before: str, after: str) -> tuple[ChangedEntry, ...]:
    """Return every entry that differs between two commits. Raises `RegistryConfigUnexpected`."""
    paths = set(platform_git.changed_paths(checkout, before, after))
    return tuple(
        entry
        for environment in known_environments()
        if f"envs/{environment}/ecr.tf" in paths
        for entry in _differing(checkout, environment, before, after)
    )


def require_one(changed: tuple[ChangedEntry, ...], record: PlanRecord) -> None:
    """Refuse a pull request that changes another entry than the one whose plan was reviewed, or several.

    None is allowed: such a pull request has the plan of an existing entry reviewed. Raises `PlanDrifted`,
    `PlanUnexpected`.
    """
    if record.removal and not changed:
        raise PlanDrifted(
            "The reviewed plan belongs to another change",
            why=f"The plan is to remove {record.name}, and its entry was not in ecr.tf before this was merged",
            fix="Nothing was applied; put the entry back, then start retire-ecr-registry again",
        )
    if len(changed) > 1:
        raise PlanUnexpected(
            f"the pull request changes {len(changed)} registries: "
            + ", ".join(f"{entry.name} ({entry.environment})" for entry in changed),
            why="Each registry has a plan, and a review, of its own",
            fix="Nothing was applied; run the wizard once for each of them",
        )
    for entry in changed:
        action = EntryAction.REMOVED if record.removal else EntryAction.WRITTEN
        if (entry.environment, entry.name, entry.action) != (record.environment, record.name, action):
            raise PlanDrifted(
                "The reviewed plan belongs to another change",
                why=f"{entry.name} in {entry.environment} was {entry.action.value}, the plan is for {record.name} in "
                f"{record.environment}, {action.value}",
                fix=f"Nothing was applied; run the wizard for {entry.name} in {entry.environment}",
            )


def require_nothing_else(checkout: Path, changed: tuple[ChangedEntry, ...], before: str, after: str) -> None:
    """Refuse with `PlanUnexpected` a difference outside of the `changed` entries and the catalogue.

    Raises `RegistryConfigUnexpected` too.
    """
    generated = {catalogue.FOR_PROGRAMS, catalogue.FOR_PEOPLE}
    paths = set(platform_git.changed_paths(checkout, before, after))
    beside = sorted(paths - generated - {entry.path for entry in changed})
    beside += [
        f"{entry.path} (outside of the entry)"
        for entry in changed
        if _rest_of_file(checkout, entry, before) != _rest_of_file(checkout, entry, after)
    ]
    if beside:
        raise PlanUnexpected(
            f"The pull request changes more than its registry: {', '.join(beside)}",
            why="Its plan shows one registry only, so nobody saw there what the rest would do",
            fix="Nothing was applied; run the wizard for the registry: it has the plan reviewed as things are now",
        )


def require_as_proposed(checkout: Path, record: PlanRecord, tip: str, after: str) -> None:
    """Refuse with `PlanDrifted` a merge, at `after`, whose entry differs from `tip`, the last commit of its branch.

    Raises `RegistryConfigUnexpected` too.
    """
    if _entry(checkout, record, tip) != _entry(checkout, record, after):
        raise PlanDrifted(
            "What was merged is not what the pull request proposed",
            why=f"The merge describes {record.name} in {record.environment} otherwise than its branch did at its end",
            fix="Nothing was applied; run the wizard again for this registry",
        )


def require_latest(checkout: Path, record: PlanRecord, after: str, tip: str, base: str) -> None:
    """Refuse with `PlanDrifted` a merge, at `after`, whose entry differs from `tip`, the newest commit of `base`.

    Raises `RegistryConfigUnexpected` too.
    """
    # A job that is run again weeks later would otherwise bring back what a later merge changed or reverted (ADR 0006).
    then, now = (_entry(checkout, record, commit) for commit in (after, tip))
    if then != now:
        how = "again" if not then else "in another way" if now else "no more"
        raise PlanDrifted(
            "The merged pull request is not the last word on its registry",
            why=f"Since then {base} describes {record.name} in {record.environment} {how}",
            fix="Nothing was applied; the later change of the registry is the one to apply: run its job, or the wizard",
        )


def _rest_of_file(checkout: Path, changed: ChangedEntry, commit: str) -> str:
    text = platform_git.text_at(checkout, commit, changed.path)
    rest = ecr_tf.without_entry(text, changed.name, Path(changed.path)) if text else ""
    # Without white space: the first entry opens the braces of an empty map, and they stay open when it is removed.
    return "".join(rest.split())


def _differing(checkout: Path, environment: str, before: str, after: str) -> list[ChangedEntry]:
    old, new = (_entries(checkout, environment, commit) for commit in (before, after))
    return [
        ChangedEntry(environment, name, EntryAction.WRITTEN if name in new else EntryAction.REMOVED)
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _entry(checkout: Path, record: PlanRecord, commit: str) -> RegistryEntry | None:
    return _entries(checkout, record.environment, commit).get(record.name)


def _entries(checkout: Path, environment: str, commit: str) -> dict[str, RegistryEntry]:
    path = f"envs/{environment}/ecr.tf"
    text = platform_git.text_at(checkout, commit, path)
    return {entry.name: entry for entry in ecr_tf.parse(text, environment, Path(path))} if text else {}
