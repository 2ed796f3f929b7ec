"""One scan of one image with trivy: its layers decompressed before, and at a terminal what trivy saw in them before."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.image import unpacked_layers
from goldenpath.delivery.model.image_config import ImageConfig
from goldenpath.delivery.model.layout import narrowed
from goldenpath.delivery.scanners import trivy, trivy_cache, trivy_history
from goldenpath.delivery.scanners.result_cache import NOTHING_KEPT, KeptResults
from goldenpath.shared import codec
from goldenpath.shared.errors import CandidateChanged, ScannerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
    from goldenpath.delivery.model.layout import Image, Layout
    from goldenpath.delivery.scanners.trivy import ImageScan
    from goldenpath.delivery.scanners.trivy_cache import Analysis
    from goldenpath.shared.names import Digest
    from goldenpath.shared.toolchain import Program


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


def scan(order: TrivyOrder, layout: Layout, image: Image, own: int = 0) -> ImageScan:
    """Return what trivy sees in `image`, whose last `own` layers are the app's.

    What was kept and fails is forgotten, and the scan runs as if nothing had been kept. Raises `CandidateChanged` when
    trivy looked at anything else.
    """
    with (
        unpacked_layers.shared(order.layers) as layers,
        tempfile.TemporaryDirectory(prefix="goldenpath-image-") as name,
    ):
        shown, blobs = trivy_history.plain(layout, image, own, Path(name))
        view = _View(layout, image, shown, blobs, layers)
        return replace(_with_kept(order, view), config=image.manifest.config.digest)


@dataclass(frozen=True)
class _View:
    """An `image` and how it is `shown` to trivy: `blobs` are those that its layout does not have."""

    layout: Layout
    image: Image
    shown: Image
    blobs: Mapping[Digest, Path]
    layers: UnpackedLayers

    @property
    def config(self) -> ImageConfig:
        """The configuration that trivy reads."""
        path = self.blobs.get(self.shown.manifest.config.digest)
        return codec.decode(path.read_bytes(), ImageConfig) if path else self.layout.config(self.image)


def _with_kept(order: TrivyOrder, view: _View) -> ImageScan:
    with trivy_cache.kept(order.kept, order.cache, view.shown, view.config, order.depends_on) as analysis:
        if analysis:
            try:
                found = _scan(order, view, analysis)
            except ScannerFailed:
                analysis.forget()
            else:
                analysis.keep()
                return found
    return _scan(order, view)


def _scan(order: TrivyOrder, view: _View, analysis: Analysis | None = None) -> ImageScan:
    unpacked = view.layers.of(view.layout, view.image, without=analysis.knows if analysis else ())
    with tempfile.TemporaryDirectory(prefix="goldenpath-layout-") as folder:
        alone = narrowed(view.layout, view.shown, Path(folder), {**unpacked, **view.blobs})
        report = trivy.scan(order.program, alone.path, order.cache, secrets=order.secrets, analysis=analysis)
    found = trivy.parse(*report)
    expected = view.shown.manifest.config.digest
    if found.config != expected:
        raise CandidateChanged(
            f"trivy scanned the image {found.config}, and the candidate is {expected}",
            fix="run `goldenpath build` again, then every stage after it",
        )
    return found
