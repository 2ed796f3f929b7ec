"""What is in the tar files that a scanner is given."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from goldenpath.delivery.secrets.scan_batches import FIRST_LINE

if TYPE_CHECKING:
    from goldenpath.delivery.secrets.scan_batches import ScanBatches


def members(files: ScanBatches) -> dict[str, bytes]:
    """Return each member by its name, without the line that begins it."""
    found = {}
    for tar in files.tars:
        with tarfile.open(fileobj=io.BytesIO(tar.read_bytes())) as archive:
            for member in archive:
                content = archive.extractfile(member)
                assert content is not None
                found[member.name] = content.read().removeprefix(FIRST_LINE)
    return found
