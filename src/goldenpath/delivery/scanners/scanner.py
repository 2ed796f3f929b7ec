"""The interface of image scanners, and the parts that all of them share.

That is: an empty folder to run in, and one way to fail that is neither a finding nor a pass.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from goldenpath.shared.errors import ScannerFailed, ToolFailed, ToolMissing, ToolTimeout
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.model.layout import Layout, LayoutImage
    from goldenpath.shared.toolchain import Program

TIMEOUT = 900.0
TITLE_LENGTH = 250
_FINGERPRINT_LENGTH = 32


@dataclass(frozen=True)
class Inventory:
    """What a database has to know: the scanner's `types` of the packages in an image, and the image's OS, if any.

    `family` and `release` are empty where nothing has to be known of an OS.
    """

    types: frozenset[str]
    family: str = ""
    release: str = ""

    @property
    def system(self) -> str:
        """The OS for people."""
        return f"{self.family} {self.release}".strip()


NOTHING = Inventory(frozenset())


@dataclass(frozen=True)
class ImageScan:
    """The report of a scanner on one image: `config` is the digest of the image's config, `system` its OS if known.

    `unsupported` says why the vulnerabilities of its OS packages are not all known, and is empty where they are;
    `contradiction` why its OS is not the release that it names.
    `layers` has the diff id of the layer that each finding is in, in the order of the findings; empty where no
    layer is named, as for the configuration.
    `inventory` is what the scanner's database has to know for this scan to mean anything; `is_young`: its OS has a
    release that this scanner has not heard of.
    """

    config: Digest
    system: str
    packages: int
    findings: tuple[Finding, ...]
    unsupported: str = ""
    contradiction: str = ""
    notes: tuple[str, ...] = ()
    inventory: Inventory = NOTHING
    is_young: bool = False
    layers: tuple[str, ...] = ()


class ImageScanner(Protocol):
    """A scanner of images that is ready to scan: all that `trivy-gate` needs, whichever program it is.

    An adapter is one module of this package: `scan` runs the program, and a pure `parse` reads its report.
    """

    @property
    def program(self) -> Program:
        """The program, for the findings and for messages."""

    @property
    def not_searched(self) -> str:
        """Where it does not look for secrets, for people."""

    def scan(self, layout: Layout, image: LayoutImage, own: int = 0) -> ImageScan:
        """Scan `image`, whose last `own` layers are the app's.

        Raises `ScannerFailed` when the program does not end well or leaves no report, and `CandidateChanged` when it
        scanned another image.
        """

    def unknown(self, inventory: Inventory) -> tuple[str, ...]:
        """Return the ecosystems in `inventory` that its database knows nothing about. Raises `ScannerFailed`."""


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
    """Return the error to raise when `scanner` did not finish its work."""
    return ScannerFailed(
        f"{scanner} did not finish its work; what it would have found is unknown, so nothing is released",
        why=why,
        fix="Run again; if it persists, `goldenpath tools verify` checks the program itself",
    )


def fingerprint(*identity: str) -> str:
    """Return a short stable name for the finding that `identity` describes."""
    return Digest.of("\0".join(identity).encode("utf-8", "surrogatepass")).hex[:_FINGERPRINT_LENGTH]
