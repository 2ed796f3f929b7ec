"""Images that run somewhere: which they are, the tag that keeps them, and what is wrong with them.

A lifecycle policy knows pushes and pulls, and not what runs. So an image that runs gets a tag of its own, which an
early rule of the policy keeps. The tag holds the last day on which it was seen to run: no other store is needed.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.policy import environments
from goldenpath.registries.aws import clusters
from goldenpath.registries.aws.clusters import ClusterReport
from goldenpath.registries.images import lifecycle, vouching
from goldenpath.shared import codec
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from goldenpath.registries.aws.ecr import EcrImage, PlatformEcr

ROLES = "GOLDENPATH_IN_USE_ROLES"
OLD_DAYS, REFRESH_DAYS, FORGET_DAYS = 90, 3, 7
_TAG = re.compile(r"in-use-(\d{8})-[0-9a-f]{12}")
_SHORT = 12


@dataclass(frozen=True)
class TagChanges:
    """The tags to set (digest and tag) and to remove, and notes on images that cannot be kept by a tag."""

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def look(roles: str, login: Callable[[str, str], Mapping[str, str]]) -> ClusterReport:
    """Return what runs in the accounts of `roles`: ARNs separated by commas or blanks, each with `@region` at will.

    `login` returns the variables for a role and a region (empty: the environment's own). A role that cannot be assumed
    is a note.
    """
    report = ClusterReport()
    for role in filter(None, re.split(r"[,\s]+", roles)):
        arn, _, region = role.partition("@")
        try:
            report += clusters.running_images(login(arn, region))
        except (GoldenPathError, ValueError) as error:
            what = error.what if isinstance(error, GoldenPathError) else str(error)
            report += ClusterReport(notes=(f"{arn.rpartition('/')[2]} was not used to look: {what}",))
    return report


def digests_in(report: ClusterReport, uri: str) -> frozenset[str]:
    """Return the digests that run of the repository with the address `uri`."""
    return frozenset(image.digest for image in report.images if image.repository == uri)


def kept_digests(ecr: PlatformEcr, name: str, images: Sequence[EcrImage], running: frozenset[str]) -> frozenset[str]:
    """Return the digests to keep, so that what runs can be pulled again: indexes in place of their parts.

    The indexes are read only when an untagged image runs, because ECR records the reading as a pull.
    """
    # A cluster may name the part for its platform, and the lifecycle counts by the index, which carries the tags.
    parts = lifecycle.index_parts(images) & running
    if not parts:
        return running
    indexes = tuple(image.digest for image in images if image.is_index and not image.archived)
    listed = {digest: _listed(text) & parts for digest, text in ecr.manifests(name, indexes).items()}
    # A part whose index is gone is kept by itself.
    return (running - frozenset().union(*listed.values())) | {digest for digest, of_index in listed.items() if of_index}


def tag_changes(
    images: Iterable[EcrImage],
    kept: frozenset[str],
    today: dt.date,
    *,
    is_complete: bool,
    takes_pushes: bool = True,
) -> TagChanges:
    """Return what to change so that the images with the digests `kept` carry the tag of a recent day.

    A tag goes `FORGET_DAYS` after the image was last seen, and only when every cluster was looked at (`is_complete`). A
    deprecated registry takes no pushes, so an image keeps the tag that it has.
    """
    added: list[tuple[str, str]] = []
    removed: list[str] = []
    notes: list[str] = []
    for image in images:
        days = {tag: seen for tag in image.tags if (seen := _day(tag))}
        newest = max(days.values(), default=None)
        if image.digest in kept:
            if image.archived:
                notes.append(f"{image.digest} runs and is archived: restore it, or it cannot be pulled again")
            elif not takes_pushes:
                notes.append(f"{image.digest} runs, and its registry refuses new tags because it is deprecated")
            elif newest is None or (today - newest).days >= REFRESH_DAYS:
                tag = f"in-use-{today:%Y%m%d}-{image.digest.removeprefix('sha256:')[:_SHORT]}"
                added.append((image.digest, tag))
                removed += days
            else:
                removed += [tag for tag, seen in days.items() if seen != newest]
        elif newest is None or not is_complete or (today - newest).days < FORGET_DAYS:
            continue
        # ECR deletes an image with its last tag. No image is deleted here: the lifecycle policy and people do that.
        elif len(days) == len(image.tags):
            notes.append(f"{image.digest} has not run since {newest} and has no other tag, so it is left as it is")
        else:
            removed += days
    return TagChanges(tuple(added), tuple(removed), tuple(notes))


def has_run_lately(image: EcrImage) -> bool:
    """Tell whether `image` carries our tag: it runs, or did `FORGET_DAYS` before we last looked."""
    return any(map(_day, image.tags))


def flaws(
    images: Sequence[EcrImage],
    running: frozenset[str],
    scans: Mapping[str, Mapping[str, int] | None],
    environment: str,
    now: dt.datetime,
) -> tuple[str, ...]:
    """Return a sentence for each of `running` that is old, unscanned, unsigned, archived or blocked by today's rules.

    `scans` are the findings of ECR's own scans by digest, `None` without a scan. An image counts as unsigned only in a
    registry that holds signatures.
    """
    signed, blocking = vouching.vouched_for(images), _blocking_severities(environment)
    sentences = []
    for image in images:
        if image.digest in running:
            wrong = [*_flaws(image, now), *_of_scan(image, scans, blocking)]
            wrong += ["is not signed"] if signed and image.digest not in signed else []
            if wrong:
                sentences.append(f"{_label(image)} runs and {', '.join(wrong)}")
    # It runs from what a node pulled before: the next node cannot start it.
    gone = running - {image.digest for image in images}
    return (*sentences, *(f"{digest[:19]} runs and is not in ECR any more" for digest in sorted(gone)))


def _flaws(image: EcrImage, now: dt.datetime) -> Iterator[str]:
    days = (now - image.pushed).days
    if days > OLD_DAYS:
        yield f"is {days} days old"
    if image.archived:
        yield "is archived"


def _of_scan(image: EcrImage, scans: Mapping[str, Mapping[str, int] | None], blocking: frozenset[str]) -> Iterator[str]:
    # ECR does not scan an index, and an image that is archived has no scan.
    if image.is_index or image.archived:
        return
    findings = scans.get(image.digest)
    if findings is None:
        yield "is not scanned"
    elif count := sum(findings.get(severity, 0) for severity in blocking):
        yield f"has {count} findings that block a release today"


def _blocking_severities(environment: str) -> frozenset[str]:
    # The rules of an app can be stricter, but they are in its repository and this report reads none.
    rules = environments.read()["environments"].get(environment, {}).get("trivy", {})
    return frozenset(rules.get("severities", ())) if rules.get("mode") == "blocking" else frozenset()


def _listed(manifest: str) -> frozenset[str]:
    # Anybody who may push wrote it: it may be anything.
    try:
        parts = codec.decode(manifest, dict[str, Any]).get("manifests")
    except ValueError:
        return frozenset()
    listed = parts if isinstance(parts, list) else []
    return frozenset(str(part["digest"]) for part in listed if isinstance(part, dict) and "digest" in part)


def _day(tag: str) -> dt.date | None:
    """Return the day in a tag of ours; `None` for any other tag."""
    matched = _TAG.fullmatch(tag)
    try:
        return dt.datetime.strptime(matched[1], "%Y%m%d").replace(tzinfo=dt.UTC).date() if matched else None
    except ValueError:
        return None


def _label(image: EcrImage) -> str:
    named = [tag for tag in image.tags if not _day(tag)]
    return named[0] if named else image.digest[:19]
