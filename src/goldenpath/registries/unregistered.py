"""The repositories of an account that no entry describes: those of other programs, and those that were made by hand.

Sources: AWS CDK developer guide, "Customize AWS CDK bootstrapping" (the name of the repository for assets); Amazon ECR
user guide, "Sync an upstream registry" and "Repository creation templates" (prefixes, and `ROOT` for every name).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from goldenpath.registries.compliance import TAG_PREFIX
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from goldenpath.registries.aws.ecr import PlatformEcr
    from goldenpath.registries.config.ecr_tf import RegistryEntry

Row = TypeVar("Row")
ENVIRONMENT_TAG = f"{TAG_PREFIX}/environment"
VARIABLE = "GOLDENPATH_OTHER_REPOSITORIES"
ANY_NAME = "ROOT"
# The tag that the platform's creation template gives to what a push creates (modules/aws_ecr_registry).
QUARANTINE_TAG = f"{TAG_PREFIX}/ungoverned"
_CDK = re.compile(r"cdk-[a-z0-9]+-container-assets-[0-9]{12}-[a-z0-9-]+")


class RepositoryOrigin(Enum):
    """Who made a repository that no entry describes; the value is for people."""

    CDK = "the AWS CDK keeps its assets there"
    CACHE = "a pull-through cache fills it"
    LISTED = f"{VARIABLE} names it"
    QUARANTINED = "a push made it, so it is quarantined: request it, or have it deleted"
    UNKNOWN = "made by hand: adopt it (create-ecr-registry with `adopt`), or have it deleted"


@dataclass(frozen=True)
class UnregisteredRepository:
    """A repository without an entry; its address tells accounts apart."""

    name: str
    uri: str
    origin: RepositoryOrigin


@dataclass(frozen=True)
class AccountReport:
    """An account beside its registries: other repositories, and the names that a push can create.

    `notes` say what could not be looked at.
    """

    repositories: tuple[UnregisteredRepository, ...] = ()
    push_prefixes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def inspect_account(
    ecr: PlatformEcr, environment: str, entries: Iterable[RegistryEntry], listed: str = ""
) -> AccountReport:
    """Return what there is in the account of `environment` that no entry of `entries` describes.

    `listed` are names or patterns of repositories that belong to somebody else, separated by commas or blanks. A role
    that may not read caches or templates (it did not need to before) is a note and no error.
    """
    notes: list[str] = []
    caches = _optional(ecr.cache_prefixes, "pull-through caches", notes)
    templates = _optional(ecr.push_templates, "repository creation templates", notes)
    patterns = tuple(filter(None, re.split(r"[,\s]+", listed)))
    repositories = tuple(
        UnregisteredRepository(name, uri, _origin(name, tags, caches, patterns))
        for name, uri, tags in _without_entry(ecr, environment, entries)
    )
    return AccountReport(repositories, tuple(one.prefix for one in templates if not one.quarantines), tuple(notes))


def section(accounts: Iterable[tuple[str, AccountReport]]) -> str:
    """Return the part of the hygiene report about `accounts`, by environment; empty when there is nothing to say."""
    seen: dict[UnregisteredRepository, list[str]] = defaultdict(list)
    prefixes: dict[str, list[str]] = defaultdict(list)
    notes: dict[str, list[str]] = defaultdict(list)
    for environment, account in accounts:
        for repository in account.repositories:
            seen[repository].append(environment)
        for prefix in account.push_prefixes:
            prefixes[prefix].append(environment)
        for note in account.notes:
            notes[note].append(environment)
    # Several environments may share an account: each repository is named once.
    lines = [
        f"- `{one.name}` ({', '.join(where)}): {one.origin.value}" for one, where in sorted(seen.items(), key=_key)
    ]
    lines += [
        f"- a push to `{'any name' if prefix == ANY_NAME else f'{prefix}/…'}` creates a repository without an owner, "
        f"which no entry describes ({', '.join(where)}): a creation template allows it"
        for prefix, where in sorted(prefixes.items())
    ]
    lines += [f"- {note} ({', '.join(where)})" for note, where in sorted(notes.items())]
    return "\n\n".join(["### Repositories that no entry describes", "\n".join(lines)]) if lines else ""


def _key(row: tuple[UnregisteredRepository, list[str]]) -> tuple[bool, str, str]:
    # What somebody has to act on comes first.
    repository, _ = row
    needs_somebody = repository.origin in (RepositoryOrigin.UNKNOWN, RepositoryOrigin.QUARANTINED)
    return not needs_somebody, repository.name, repository.uri


def _without_entry(
    ecr: PlatformEcr, environment: str, entries: Iterable[RegistryEntry]
) -> Iterable[tuple[str, str, Mapping[str, str]]]:
    # One account may hold several environments: a repository counts for the environment in its tag.
    described = {(entry.environment, entry.name) for entry in entries}
    for name, uri in ecr.uris().items():
        if (environment, name) in described:
            continue
        repository = ecr.describe(name)
        tags = repository.tags if repository else {}
        if (tags.get(ENVIRONMENT_TAG, ""), name) not in described:
            yield name, uri, tags


def _origin(name: str, tags: Mapping[str, str], caches: Iterable[str], patterns: Iterable[str]) -> RepositoryOrigin:
    # The platform's own word comes first: it may know better than a name.
    if any(fnmatchcase(name, pattern) for pattern in patterns):
        return RepositoryOrigin.LISTED
    if QUARANTINE_TAG in tags:
        return RepositoryOrigin.QUARANTINED
    if _CDK.fullmatch(name):
        return RepositoryOrigin.CDK
    # A cache under ROOT may fill any repository, so it explains none.
    if any(name.startswith(f"{prefix}/") for prefix in caches if prefix != ANY_NAME):
        return RepositoryOrigin.CACHE
    return RepositoryOrigin.UNKNOWN


def _optional(ask: Callable[[], tuple[Row, ...]], what: str, notes: list[str]) -> tuple[Row, ...]:
    # A plan role of before has no permission for this: that is no reason to report nothing.
    try:
        return ask()
    except GoldenPathError as error:
        notes.append(f"{what} were not looked at: {error.what}")
        return ()
