"""Send the blobs of an image that a repository lacks. A blob is visible to nobody until a manifest names it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.registry.oci_registry import Upload
from goldenpath.delivery.release.concurrently import map_concurrently

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.delivery.model.layout import Descriptor, Layout
    from goldenpath.delivery.registry.oci_registry import OciRegistry

UPLOADS_AT_ONCE = 4


@dataclass(frozen=True)
class Uploaded:
    """The number of blobs that were sent, and their `size` in bytes."""

    blobs: int = 0
    size: int = 0


NOTHING_SENT = Uploaded()


def upload(registry: OciRegistry, layout: Layout, say: Callable[[str], None]) -> Uploaded:
    """Upload every blob of `layout` that the repository lacks, in parallel."""
    # By digest: platforms share layers, and two uploads of one blob would only compete.
    blobs = {blob.digest: blob for image in layout.images() for blob in image.blobs}
    present = map_concurrently(registry.has_blob, blobs)
    missing = [blob for blob in blobs.values() if not present[blob.digest]]
    sent = Uploaded(len(missing), sum(blob.size for blob in missing))
    if missing:
        say(f"uploading {sent.blobs} of {len(blobs)} blobs, {sent.size / 1e6:.1f} MB")
    _send(registry, layout, missing)
    return sent


def _send(registry: OciRegistry, layout: Layout, blobs: Sequence[Descriptor]) -> None:
    # The largest first: begun last, it would go on by itself when the others are done.
    largest_first = sorted(blobs, key=lambda blob: blob.size, reverse=True)
    uploads = [Upload(blob, layout.blob(blob.digest)) for blob in largest_first]
    with ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload") as pool:
        running = [pool.submit(registry.upload_blob, blob) for blob in uploads]
        try:
            for upload in running:
                upload.result()
        except BaseException:
            # Leaving the block waits for the threads. GitHub kills a cancelled step after ten seconds, which a large
            # blob may need, so its stream is cut.
            for unfinished in uploads:
                unfinished.stop()
            pool.shutdown(cancel_futures=True)
            raise
