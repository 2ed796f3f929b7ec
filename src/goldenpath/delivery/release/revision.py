"""The commit that an image says it was built from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from goldenpath.shared import codec
from goldenpath.shared.oci import REVISION

if TYPE_CHECKING:
    from goldenpath.delivery.registry.oci_registry import StoredManifest


class _Annotated(Struct, frozen=True):
    annotations: dict[str, str] = field(default_factory=dict)


def revision_of(stored: StoredManifest) -> str:
    """Return the commit that an image says it was built from; empty when it says nothing."""
    try:
        return codec.decode(stored.content, _Annotated).annotations.get(REVISION, "")
    except ValueError:
        # Whoever may push wrote it. Without a revision it counts as another commit's, and is not replaced.
        return ""
