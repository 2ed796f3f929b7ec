"""Verify the receipt of a release against the registry, and repair a release that was killed or half undone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from goldenpath.delivery.model.receipt import State, TagMove
from goldenpath.delivery.release.receipts import require_own
from goldenpath.delivery.release.tags import LATEST, elsewhere, of_environment
from goldenpath.shared.errors import GoldenPathError, ReceiptMismatch
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import INDEXES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from goldenpath.delivery.model.candidate import Candidate
    from goldenpath.delivery.model.receipt import Receipt
    from goldenpath.delivery.registry.oci_registry import StoredManifest
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.delivery.rules.matrix import Policy
    from goldenpath.shared.names import Tag

SETTLED = frozenset({State.RELEASED, State.UNCHANGED})
WHOLE = "every tag names the image: the release is whole"


@dataclass(frozen=True)
class Repaired:
    """The receipt as it is now, and one line for every change that was `done`."""

    receipt: Receipt
    done: tuple[str, ...]


def repair(receipt: Receipt, connection: EcrConnection, policy: Policy, confirmed: Collection[str] = ()) -> Repaired:
    """Repair the repository after a release that was killed, or whose undo was incomplete.

    When every tag names the image, the release is complete, and the receipt records that. Otherwise every tag goes back
    to its earlier image, and the staged manifests are removed. A tag that already names another image belongs to
    another release and stays. Raises `ReceiptMismatch` before any change when the receipt asks for anything that its
    release does not own (`receipts`).
    """
    if _is_settled(receipt, connection, policy, confirmed):
        return Repaired(receipt, ())
    if _is_whole(receipt, connection):
        # The process was killed between its last write and the receipt of it.
        moves = tuple(TagMove(move.tag, move.before, receipt.digest) for move in receipt.tags)
        whole = msgspec.structs.replace(receipt, state=State.RELEASED, tags=moves)
        return Repaired(whole, (WHOLE,))
    # Each step looks again at what it changes: a release may run at the same time, and what it wrote is not ours.
    steps = [partial(_put_back, move, receipt.digest, connection) for move in _to_put_back(receipt, connection, policy)]
    # An index goes before what it lists: ECR keeps a manifest that an index refers to.
    steps += [partial(_unstage, digest, connection) for digest in reversed(receipt.staged)]
    return Repaired(msgspec.structs.replace(receipt, state=State.UNDONE), _all_done(steps))


def intended(
    receipt: Receipt, connection: EcrConnection, policy: Policy, confirmed: Collection[str] = ()
) -> tuple[str, ...]:
    """Return one line for every change that `repair` would make. Changes nothing, and raises the errors of `repair`."""
    if _is_settled(receipt, connection, policy, confirmed):
        return ()
    if _is_whole(receipt, connection):
        return (WHOLE,)
    moves = (
        f"{move.tag} would name {move.before} again" if move.before else f"{move.tag} would be removed"
        for move in _to_put_back(receipt, connection, policy)
        if _names(connection.registry.manifest(move.tag), receipt.digest)
    )
    staged = (
        f"{digest} would be removed, unless another tag or an index keeps it"
        for digest in reversed(receipt.staged)
        if connection.registry.manifest(digest) is not None
    )
    return (*moves, *staged)


def verify(receipt: Receipt, connection: EcrConnection, candidate: Candidate | None = None) -> tuple[str, ...]:
    """Compare a receipt with the registry, and with the `candidate` if there is one; return a line per confirmed fact.

    Raises `ReceiptMismatch` that lists everything that does not.
    """
    require_repository(receipt, connection)
    wrong = list(_moved_on(receipt, connection))
    if candidate is not None and candidate.digest != receipt.digest:
        wrong.insert(0, f"the candidate is {candidate.digest} of {candidate.commit.short}")
    if receipt.state in SETTLED:
        wrong += [f"{digest} is missing from the registry" for digest in missing(connection, receipt.digest)]
    if wrong:
        connection.ecr.archive(connection.info.name).require_active([receipt.digest], connection.info.name)
        count = "1 difference" if len(wrong) == 1 else f"{len(wrong)} differences"
        raise ReceiptMismatch(
            f"The receipt of {receipt.digest} and the registry have {count}",
            why="; ".join(wrong),
            fix="Check whether a later release moved the tags; `goldenpath release repair` repairs a broken release",
        )
    what = "names the image" if receipt.state in SETTLED else "is as it was before"
    whole = ("every manifest and blob of it can be fetched",) if receipt.state in SETTLED else ()
    compared = ("the candidate is the image",) if candidate else ()
    return (*(f"{move.tag} {what}" for move in receipt.tags), *whole, *compared)


def missing(connection: EcrConnection, reference: Tag | Digest) -> Iterator[str]:
    """Yield the digest of everything that an image needs, and that cannot be fetched."""
    current = connection.registry.manifest(reference)
    if current is None:
        yield reference
        return
    try:
        body = json.loads(current.content)
        # Whoever may push wrote this JSON. It may lack any key, and be nested deeper than Python reads.
        named = body["manifests"] if current.media_type in INDEXES else (body["config"], *body["layers"])
        digests = [Digest(descriptor["digest"]) for descriptor in named]
    except (KeyError, RecursionError, TypeError, ValueError):
        yield f"a readable image {current.digest}"
        return
    for digest in digests:
        if current.media_type in INDEXES:
            yield from missing(connection, digest)
        elif not connection.registry.has_blob(digest):
            yield digest


def require_repository(receipt: Receipt, connection: EcrConnection) -> None:
    """Raise `ReceiptMismatch` unless the open repository is the one that the receipt is about."""
    if connection.info.uri != receipt.repository:
        raise ReceiptMismatch(
            f"The receipt is about {receipt.repository}, and this is {connection.info.uri}",
            fix="Use the role and the region of the environment that the release went to",
        )


def _is_settled(receipt: Receipt, connection: EcrConnection, policy: Policy, confirmed: Collection[str]) -> bool:
    """Tell whether there is nothing to repair. Raises `ReceiptMismatch` when the receipt cannot be followed."""
    require_repository(receipt, connection)
    # An undone release has nothing left, and its tags may be another's since. To repair twice must do no harm.
    if receipt.state in SETTLED or receipt.state is State.UNDONE:
        return True
    # An archived image reads as missing, and a repair would take that for an undo that is done.
    touched = (receipt.digest, *receipt.staged, *(move.before for move in receipt.tags if move.before))
    connection.ecr.archive(connection.info.name).require_active(touched, connection.info.name)
    require_own(receipt, connection, policy, confirmed)
    return False


def _is_whole(receipt: Receipt, connection: EcrConnection) -> bool:
    return all(_names(connection.registry.manifest(move.tag), receipt.digest) for move in receipt.tags)


def _to_put_back(receipt: Receipt, connection: EcrConnection, policy: Policy) -> tuple[TagMove, ...]:
    stays = _taken_up(receipt, connection, policy)
    return tuple(move for move in receipt.tags if move.before != receipt.digest and move.tag not in stays)


def _moved_on(receipt: Receipt, connection: EcrConnection) -> Iterator[str]:
    for move in receipt.tags:
        expected = move.after if receipt.state in SETTLED else move.before
        current = connection.registry.manifest(move.tag)
        named = current.digest if current else None
        if named != expected:
            yield f"{move.tag} names {named or 'nothing'} instead of {expected or 'nothing'}"


def _all_done(steps: Sequence[Callable[[], str]]) -> tuple[str, ...]:
    """Do every step, and return the line of every change. Raises the first error once all the steps were tried."""
    done, failed = [], []
    for step in steps:
        try:
            done.append(step())
        except GoldenPathError as error:
            # The next step goes on: half a repair that stops at its first error leaves more behind than it must.
            failed.append(error)
    if failed:
        raise failed[0]
    return tuple(filter(None, done))


def _taken_up(receipt: Receipt, connection: EcrConnection, policy: Policy) -> frozenset[Tag]:
    """Return the tags that a release of the same image to another environment already has too."""
    own = of_environment(receipt.environment, receipt.commit)
    ours = frozenset(move.tag for move in receipt.tags)
    if not elsewhere(connection.ecr.tags_of(connection.info.name, receipt.digest), own, ours):
        return frozenset()
    # Tags that both releases share stay with the one that stands (docs/adr/0007-release.md, decision 3). The
    # environment's own and the moving ones are given back.
    rules = policy.environment(receipt.environment)
    return ours - {own, LATEST} - {tag for tag in ours if rules.moves(tag)}


def _put_back(move: TagMove, ours: Digest, connection: EcrConnection) -> str:
    if not _names(connection.registry.manifest(move.tag), ours):
        return ""
    if move.before is None:
        connection.ecr.delete_images(connection.info.name, [move.tag])
        return f"{move.tag} removed"
    # It has had no tag since the release, so a lifecycle policy may have removed it.
    before = connection.registry.manifest(move.before)
    if before is None:
        raise ReceiptMismatch(
            f"{move.tag} cannot go back to {move.before}",
            why="The registry does not hold that image any more",
            fix=f"Release again, or remove the tag with `aws ecr batch-delete-image` from {connection.info.name}",
        )
    connection.registry.put_manifest(move.tag, before.media_type, before.content)
    return f"{move.tag} names {move.before} again"


def _unstage(digest: Digest, connection: EcrConnection) -> str:
    # With a tag it belongs to somebody's release, ours or not.
    if connection.registry.manifest(digest) is None or connection.ecr.tags_of(connection.info.name, digest):
        return ""
    signatures = connection.ecr.signatures(connection.info.name, digest)
    listed = connection.ecr.delete_images(connection.info.name, [digest])
    if signatures and not listed:
        connection.ecr.delete_images(connection.info.name, signatures)
    return f"{digest} stays: an index lists it" if listed else f"{digest} removed"


def _names(current: StoredManifest | None, digest: Digest) -> bool:
    return current is not None and current.digest == digest
