"""What every scanner shares: an empty folder to run in, and one way to fail that is neither a finding nor a pass."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.shared.errors import ScannerFailed, ToolFailed, ToolMissing, ToolTimeout
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 900.0
_FINGERPRINT_LENGTH = 32


@contextmanager
def empty_folder(scanner: str) -> Iterator[Path]:
    """Give an empty folder to run `scanner` in: no configuration or ignore file of the caller is found there.

    A program that fails, hangs or leaves no report inside the block raises `ScannerFailed`.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=f"goldenpath-{scanner}-") as name:
            yield Path(name)
    except (ToolFailed, ToolMissing, ToolTimeout, OSError) as error:
        raise failed(scanner, str(error)) from error


def failed(scanner: str, why: str) -> ScannerFailed:
    """Return the error to raise when `scanner` did not do its work."""
    return ScannerFailed(
        f"{scanner} did not finish its work; what it would have found is unknown, so nothing is released",
        why=why,
        fix="run again; if it persists, `goldenpath tools verify` checks the program itself",
    )


def fingerprint(*identity: str) -> str:
    """Return a short stable name for the finding that `identity` describes."""
    return Digest.of("\0".join(identity).encode("utf-8", "surrogatepass")).hex[:_FINGERPRINT_LENGTH]
