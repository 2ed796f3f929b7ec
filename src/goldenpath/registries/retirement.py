"""How a registry is taken away: deprecated first, removed only after its grace period, never while it is in use.

Pure decisions. Deprecation is two fields in `ecr.tf`; the module turns them into a policy that refuses pushes, and into
tags that say until when.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from goldenpath.errors import RetirementRefused
from goldenpath.registries.config import hcl_edit
from goldenpath.registries.config.ecr_tf import BLOCK, MAP, unexpected
from goldenpath.registries.config.hcl import HclUnexpected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from goldenpath.registries.config.ecr_tf import Registry

GRACE_DAYS, LONGEST_GRACE_DAYS, QUIET_DAYS = 30, 365, 14
_MEND = "mend the two dates in ecr.tf"
_LAST, _NAMED = "prod", 5
ASK_AGAIN = "put its entry back into ecr.tf, then start retire-ecr-registry again: it has what is new approved"


class Standing(Enum):
    """Where a registry stands on its way out."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    REMOVABLE = "removable"


@dataclass(frozen=True)
class Use:
    """What ECR tells of one image: its tags, and the days of its last pull and of its push (`None`: not known)."""

    digest: str
    tags: frozenset[str]
    last_pulled: dt.date | None = None
    pushed: dt.date | None = None


@dataclass(frozen=True)
class Sign:
    """What tells that a registry is still used, in words; `keys` are the images or releases that tell it."""

    reason: str
    keys: frozenset[str]


def standing(registry: Registry, today: dt.date) -> Standing:
    """Return where `registry` stands `today`. Raises `RetirementRefused` when its dates cannot be read."""
    if not registry.deprecated_since and not registry.remove_after:
        return Standing.ACTIVE
    since, until = _date(registry, registry.deprecated_since), _date(registry, registry.remove_after)
    if since >= until:
        raise _refused(registry, "its grace period ends before it begins", _MEND)
    if (until - since).days < GRACE_DAYS:
        why = f"its grace period of {(until - since).days} days is shorter than {GRACE_DAYS}"
        raise _refused(registry, why, _MEND)
    return Standing.REMOVABLE if today > until else Standing.DEPRECATED


def deprecated(text: str, registry: Registry, today: dt.date, path: Path, grace_days: int = GRACE_DAYS) -> str:
    """Return `text`, the content of `path`, with `registry` deprecated from `today`; unchanged when it is already.

    A grace period that runs is never changed here: its owners were told a date. Raises `RetirementRefused` for a grace
    period under `GRACE_DAYS` or over `LONGEST_GRACE_DAYS` days, and `RegistryConfigUnexpected`.
    """
    if standing(registry, today) is not Standing.ACTIVE:
        return text
    if not GRACE_DAYS <= grace_days <= LONGEST_GRACE_DAYS:
        bounds = f"{GRACE_DAYS} to {LONGEST_GRACE_DAYS}"
        raise _refused(registry, f"a grace period of {grace_days} days is not within {bounds}", "choose one that is")
    until = today + dt.timedelta(days=grace_days)
    fields = {"deprecated_since": today.isoformat(), "remove_after": until.isoformat()}
    try:
        return hcl_edit.with_fields(text, BLOCK, MAP, registry.name, fields)
    except HclUnexpected as error:
        raise unexpected(path, error) from None


def require_grace(registry: Registry, announced: tuple[str, str], asked_on: dt.date) -> None:
    """Refuse with `RetirementRefused` a grace period of `registry` that would be shorter than its owners are told.

    `announced` are the first and the last day that they were told, by the repository's tags, empty when they were not
    yet: then it may begin no earlier than the day before `asked_on`, when its deprecation was proposed. A later end may
    be chosen at any time.
    """
    if standing(registry, asked_on) is Standing.ACTIVE:
        return
    since, until = announced
    if any(announced):
        kept = (
            registry.deprecated_since == since
            and until
            and _date(registry, until) <= _date(registry, registry.remove_after)
        )
        if not kept:
            why = (
                f"its owners were told {since or 'nothing'} to {until or 'nothing'}, and ecr.tf says "
                f"{registry.deprecated_since} to {registry.remove_after}"
            )
            raise _refused(registry, why, "write those dates into ecr.tf again, or a later end")
    elif _date(registry, registry.deprecated_since) < asked_on - dt.timedelta(days=1):
        raise _refused(
            registry,
            f"it is dated back to {registry.deprecated_since}, and nobody was told on that day",
            "take both dates out of ecr.tf, then start retire-ecr-registry: it writes them",
        )


def require_removable(registry: Registry, images: Iterable[Use], today: dt.date, *, shown: Iterable[str]) -> None:
    """Refuse with `RetirementRefused`, naming every reason, to remove `registry` today.

    It must be deprecated and its grace period over: nobody can approve that away. Signs of use are reasons too, unless
    the proposal, which a second person approved, showed them: `shown` are their keys.
    """
    signs = signs_of_use(registry, images, today)
    if new := [sign for sign in signs if not sign.keys <= {*shown}]:
        raise _refused(registry, f"{told(new)}; the proposal did not show this", ASK_AGAIN)


def signs_of_use(registry: Registry, images: Iterable[Use], today: dt.date) -> tuple[Sign, ...]:
    """Return what speaks against removing `registry`: pulls within `QUIET_DAYS` days, late pushes, releases of prod.

    Raises `RetirementRefused` when it is too early to remove it at all.
    """
    found = standing(registry, today)
    if found is Standing.ACTIVE:
        raise _refused(registry, "it was never deprecated", "deprecate it first, and wait for its grace period")
    if found is Standing.DEPRECATED:
        raise _refused(registry, f"its grace period runs until {registry.remove_after}", "wait until that day is over")
    listed = sorted(images, key=lambda image: image.digest)
    signs = (_pulled(listed, today), _late(listed, _date(registry, registry.deprecated_since)), _released(listed))
    return tuple(sign for sign in signs if sign.keys)


def told(signs: Iterable[Sign]) -> str:
    """Return `signs` in words; empty when there are none."""
    return "; ".join(sign.reason for sign in signs)


def _pulled(images: Sequence[Use], today: dt.date) -> Sign:
    since = today - dt.timedelta(days=QUIET_DAYS)
    days = {image.digest: image.last_pulled for image in images if image.last_pulled and image.last_pulled >= since}
    latest = max(days.values(), default=None)
    reason = f"{len(days)} of its images were pulled in the last {QUIET_DAYS} days, last on {latest}"
    return Sign(reason, _keys("pulled", days))


def _late(images: Sequence[Use], deprecated_since: dt.date) -> Sign:
    late = [image.digest for image in images if image.pushed and image.pushed > deprecated_since]
    reason = f"{len(late)} of its images were pushed after {deprecated_since}, when pushes were to end"
    return Sign(reason, _keys("pushed", late))


def _released(images: Sequence[Use]) -> Sign:
    tags = sorted(tag for image in images for tag in image.tags if tag.startswith(f"{_LAST}-"))
    reason = f"it holds releases of {_LAST}: {', '.join(tags[:_NAMED])}{'…' if len(tags) > _NAMED else ''}"
    return Sign(reason, frozenset(tags))


def _keys(what: str, digests: Iterable[str]) -> frozenset[str]:
    # Short, for a description of a pull request has to hold them all.
    return frozenset(f"{what} {digest.removeprefix('sha256:')[:12]}" for digest in digests)


def _date(registry: Registry, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _refused(registry, f"{text!a} is not a date", "write both dates in ecr.tf as 2026-11-30") from None


def _refused(registry: Registry, why: str, fix: str) -> RetirementRefused:
    return RetirementRefused(f"{registry.name} in {registry.environment} is not retired", why=why, fix=fix)
