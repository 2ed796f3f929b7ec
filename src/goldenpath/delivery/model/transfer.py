"""How far a transfer is: layers and bytes. A live view asks for it; nobody is called while bytes travel."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Shows, where a view is live, what a function returns; the function is called several times a second, in a thread.
Watch: TypeAlias = "Callable[[Callable[[], str]], None]"
_MEGABYTE = 1e6


def unwatched(_read: Callable[[], str]) -> None:
    """Show nothing: a log of plain lines has one line for a transfer."""


def share(layers: int, of_layers: int, size: int, of_size: int) -> str:
    """Return how much is done, like `3 of 7 layers, 12.0 of 60.1 MB`; sizes are in bytes."""
    return f"{layers} of {of_layers} layers, {size / _MEGABYTE:.1f} of {of_size / _MEGABYTE:.1f} MB"


class ExportedBytes:
    """Reads how many bytes BuildKit has exported into an OCI image layout; only BuildKit knows how many are to come."""

    def __init__(self, layout: Path) -> None:
        self._layout = layout
        # A layout may hold layers of earlier builds. Counted at the first call, which comes before BuildKit exports.
        self._before: int | None = None

    def __call__(self) -> str:
        """Return the bytes that are new in the layout, like `12.0 MB exported`; while there are none, it is built."""
        size = _size(self._layout)
        self._before = size if self._before is None else self._before
        new = size - self._before
        return f"{new / _MEGABYTE:.1f} MB exported" if new > 0 else "building"


def _size(layout: Path) -> int:
    # A blob stands in `ingest` until all of it is there (containerd, content/local).
    files = (*layout.glob("blobs/sha256/*"), *layout.glob("ingest/*/data"))
    sizes = 0
    for path in files:
        with suppress(OSError):
            sizes += path.stat().st_size
    return sizes
