"""An image out of a registry: the whole of it, as an OCI image layout on disk, every byte compared with its digest.

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
        for each in layout.listed():
            if each.digest != stored.digest:
                codec.write_bytes(layout.blob(each.digest), _manifest(registry, each).content)
        blobs = {blob.digest for image in layout.images() for blob in image.blobs}
        with ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="fetch") as pool:
            list(pool.map(lambda digest: registry.fetch_blob(digest, layout.blob(digest)), blobs))
        layout.verify()
    except CandidateChanged as error:
        raise RegistryRefused(
            f"the registry gave an image that is not what {stored.digest} says", why=error.what, fix="run again"
        ) from error
    return layout


def _manifest(registry: OciRegistry, listed: Descriptor) -> StoredManifest:
    found = registry.manifest(listed.digest)
    if found is None:
        raise CandidateChanged(f"it holds no manifest {listed.digest}", fix="run again")
    return found
