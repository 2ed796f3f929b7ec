"""Limit what a receipt may ask a repair to do: it is an artifact, which every job of its run could have replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.release.revision import revision_of
from goldenpath.delivery.release.tags import LATEST, is_of_environment, of_environment, of_release
from goldenpath.shared.errors import BadInput, ReceiptMismatch, UnknownEnvironment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from goldenpath.delivery.model.receipt import Receipt
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.delivery.rules.matrix import Environment, Policy
    from goldenpath.shared.names import Digest, Tag


def require_own(receipt: Receipt, connection: EcrConnection, policy: Policy, confirmed: Collection[str] = ()) -> None:
    """Raise `ReceiptMismatch` unless the receipt is about a release of its own commit to its own environment.

    Its tags must be those that such a release can have, and its images must be of that commit. A version, and an image
    that a tag goes back to and that the registry does not show to be of the environment, must be `confirmed`.
    """
    try:
        environment = policy.environment(receipt.environment)
    except UnknownEnvironment as error:
        raise ReceiptMismatch(f"The receipt is of no environment: {error.what}", fix=error.fix) from None
    if wrong := (*_foreign_tags(receipt, environment, policy), *_foreign_images(receipt, connection, environment)):
        raise ReceiptMismatch(
            f"The receipt would change what a release of {receipt.commit.short} to {environment.name} does not own",
            why="; ".join(wrong),
            fix="Do not use this receipt: compare it with the log of the job `push`, and tell the platform team",
        )
    if unproved := tuple(dict.fromkeys(_unproved(receipt, connection))):
        missing = [name for name in unproved if name not in confirmed]
        if missing:
            raise ReceiptMismatch(
                f"The registry does not prove that {', '.join(missing)} belongs to this release",
                why="Anybody who could replace the receipt could have written it there",
                fix="compare with the log of the job `push`, and if it says the same, run again with "
                + " ".join(f"--confirm {name}" for name in missing),
            )


def _foreign_tags(receipt: Receipt, environment: Environment, policy: Policy) -> Iterator[str]:
    names = [listed.name for listed in policy.environments]
    for move in receipt.tags:
        try:
            # As if somebody had asked for this tag: then the rules of a release judge it, and they exist only once.
            of_release(environment, receipt.commit, None, image_tag=move.tag, environments=names)
        except BadInput:
            yield f"{move.tag} is not a tag of such a release"


def _foreign_images(receipt: Receipt, connection: EcrConnection, environment: Environment) -> Iterator[str]:
    fixed = {receipt.commit.short, of_environment(environment.name, receipt.commit)}
    # A moving tag goes back to whatever commit it came from.
    staying = [
        move for move in receipt.tags if move.tag in fixed or not (move.tag == LATEST or environment.moves(move.tag))
    ]
    before = (move.before for move in staying if move.before is not None)
    for digest in dict.fromkeys((receipt.digest, *receipt.staged, *before)):
        stored = connection.registry.manifest(digest)
        if stored is not None and revision_of(stored) != receipt.commit:
            yield f"{digest} is not an image of that commit"


def _unproved(receipt: Receipt, connection: EcrConnection) -> Iterator[Tag | Digest]:
    """Yield every version that would be moved, and every image that a tag would go back to without a trace of it."""
    always = {receipt.commit.short, of_environment(receipt.environment, receipt.commit), LATEST}
    for move in receipt.tags:
        current = connection.registry.manifest(move.tag)
        if move.before == receipt.digest or current is None or current.digest != receipt.digest:
            continue  # nothing would be done about it
        if move.tag not in always:
            yield move.tag
        if move.before is not None and not _released(move.before, receipt.environment, connection):
            yield move.before


def _released(digest: Digest, environment: str, connection: EcrConnection) -> bool:
    # No app can give an image such a tag (`tags.of_release`), so it proves a release.
    return any(is_of_environment(tag, environment) for tag in connection.ecr.tags_of(connection.info.name, digest))
