"""Read the files that a run left, as far as they are there: a page shows what it can."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from goldenpath.shared.errors import EvidenceMismatch, GoldenPathError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def if_there(read: Callable[[], T]) -> T | None:
    """Return what `read` returns; `None` where the file is missing or is not what its stage writes.

    Raises `EvidenceMismatch` for a file that somebody else wrote: a page that showed the rest would be believed.
    """
    try:
        return read()
    except EvidenceMismatch:
        raise
    except GoldenPathError:
        return None
