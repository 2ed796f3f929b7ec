"""One scan of one image with trivy: its layers decompressed before, and at a terminal what trivy saw in them before."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.errors import CandidateChanged, ScannerFailed
from goldenpath.model.layout import narrowed
from goldenpath.tools import trivy, trivy_analysis, unpacked_layers
from goldenpath.tools.kept_results import NOTHING_KEPT, KeptResults

if TYPE_CHECKING:
    from goldenpath.model.layout import Image, Layout
    from goldenpath.tools.toolchain import Program
    from goldenpath.tools.trivy import ImageScan
    from goldenpath.tools.trivy_analysis import Analysis
    from goldenpath.tools.unpacked_layers import UnpackedLayers


@dataclass(frozen=True)
class TrivyOrder:
    """How to scan: with the databases in `cache`, and with `secrets` for these too.

    `java` is the SHA-256 of the Java database, where there is one. `layers` are shared with other readers, and `kept`
    has earlier results.
    """

    program: Program
    cache: Path
    secrets: bool
    java: str = ""
    layers: UnpackedLayers | None = None
    kept: KeptResults = NOTHING_KEPT

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Everything but the image that decides what trivy sees in a layer."""
        rules = trivy.SECRET_RULES.decode() if self.secrets else ""
        return (self.program.version, self.program.sha256, self.java, rules)


def scan(order: TrivyOrder, layout: Layout, image: Image) -> ImageScan:
    """Return what trivy sees in `image`.

    What was kept and fails is forgotten, and the scan runs as if nothing had been kept. Raises `CandidateChanged` when
    trivy looked at anything else.
    """
    with unpacked_layers.shared(order.layers) as layers:
        with trivy_analysis.kept(order.kept, order.cache, image, layout.config(image), order.depends_on) as analysis:
            if analysis:
                try:
                    found = _scan(order, layout, image, layers, analysis)
                except ScannerFailed:
                    analysis.forget()
                else:
                    analysis.keep()
                    return found
        return _scan(order, layout, image, layers)


def _scan(
    order: TrivyOrder, layout: Layout, image: Image, layers: UnpackedLayers, analysis: Analysis | None = None
) -> ImageScan:
    unpacked = layers.of(layout, image, without=analysis.knows if analysis else ())
    with tempfile.TemporaryDirectory(prefix="goldenpath-layout-") as folder:
        alone = narrowed(layout, image, Path(folder), unpacked)
        report = trivy.scan(order.program, alone.path, order.cache, secrets=order.secrets, analysis=analysis)
    found = trivy.parse(*report)
    if found.config != image.manifest.config.digest:
        raise CandidateChanged(
            f"trivy scanned the image {found.config}, and the candidate is {image.manifest.config.digest}",
            fix="run `goldenpath build` again, then every stage after it",
        )
    return found
