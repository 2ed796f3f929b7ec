"""Pull an image from a registry as an OCI image layout on disk, with every byte compared with its digest.

Source: OCI Distribution Specification 1.1, "Pull".
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from goldenpath.delivery.model.layout import Descriptor, Layout, write_index
from goldenpath.shared import codec
from goldenpath.shared.errors import CandidateChanged, RegistryRefused

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.registry.oci_registry import OciRegistry, StoredManifest

FETCHES_AT_ONCE = 4


def pull(registry: OciRegistry, stored: StoredManifest, folder: Path) -> Layout:
    """Write the image `stored`, of every platform, into the empty `folder` and return the layout.

    Raises `RegistryRefused` when the registry holds less than the image names, or gives other bytes.
    """
    layout = Layout(folder)
    codec.write_bytes(layout.blob(stored.digest), stored.content)
    write_index(folder, Descriptor(stored.media_type, stored.digest, len(stored.content)))
    try:
        for listed in layout.listed():
            if listed.digest != stored.digest:
                codec.write_bytes(layout.blob(listed.digest), _manifest(registry, listed).content)
        blobs = {blob.digest for image in layout.images() for blob in image.blobs}
        with ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="fetch") as pool:
            list(pool.map(lambda digest: registry.fetch_blob(digest, layout.blob(digest)), blobs))
        layout.verify()
    except CandidateChanged as error:
        raise RegistryRefused(
            f"The registry gave an image that is not what {stored.digest} says", why=error.what, fix="Run again"
        ) from error
    return layout


def _manifest(registry: OciRegistry, listed: Descriptor) -> StoredManifest:
    manifest = registry.manifest(listed.digest)
    if manifest is None:
        raise CandidateChanged(f"It holds no manifest {listed.digest}", fix="Run again")
    return manifest
