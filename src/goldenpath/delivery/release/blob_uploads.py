"""Send the blobs of an image that a repository lacks. A blob is visible to nobody until a manifest names it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from goldenpath.delivery.model import transfer
from goldenpath.delivery.registry.oci_registry import Upload
from goldenpath.delivery.release.concurrently import map_concurrently

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.model.transfer import Watch
    from goldenpath.delivery.registry.oci_registry import OciRegistry

UPLOADS_AT_ONCE = 4


@dataclass(frozen=True)
class Uploaded:
    """The number of blobs that were sent, and their `size` in bytes."""

    blobs: int = 0
    size: int = 0


NOTHING_SENT = Uploaded()


def upload(
    registry: OciRegistry, layout: Layout, say: Callable[[str], None], watch: Watch = transfer.unwatched
) -> Uploaded:
    """Upload every blob of `layout` that the repository lacks, in parallel; `watch` shows the layers among them."""
    # By digest: platforms share layers, and two uploads of one blob would only compete.
    images = tuple(layout.images())
    blobs = {blob.digest: blob for image in images for blob in image.blobs}
    present = map_concurrently(registry.has_blob, blobs)
    missing = [blob for blob in blobs.values() if not present[blob.digest]]
    sent = Uploaded(len(missing), sum(blob.size for blob in missing))
    if missing:
        say(f"uploading {sent.blobs} of {len(blobs)} blobs, {sent.size / 1e6:.1f} MB")
    # The largest first: begun last, it would go on by itself when the others are done.
    largest_first = sorted(missing, key=lambda blob: blob.size, reverse=True)
    uploads = [Upload(blob, layout.blob(blob.digest)) for blob in largest_first]
    configs = {image.manifest.config.digest for image in images}
    watch(partial(_share, [upload for upload in uploads if upload.blob.digest not in configs]))
    _send(registry, uploads)
    return sent


def _share(layers: Sequence[Upload]) -> str:
    """Return how much of `layers` was sent, for people."""
    done = sum(layer.sent == layer.blob.size for layer in layers)
    sent, size = sum(layer.sent for layer in layers), sum(layer.blob.size for layer in layers)
    return transfer.share(done, len(layers), sent, size) if layers else ""


def _send(registry: OciRegistry, uploads: Sequence[Upload]) -> None:
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
