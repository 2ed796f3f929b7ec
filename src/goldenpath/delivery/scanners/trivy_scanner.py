"""Run trivy as an `ImageScanner`: with its databases, on layers that are decompressed already.

At a terminal, its analysis of layers from an earlier run is used again.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.image import unpacked_layers
from goldenpath.delivery.model.image_config import ImageConfig
from goldenpath.delivery.model.layout import narrowed
from goldenpath.delivery.scanners import databases, result_cache, trivy, trivy_cache, trivy_canary, trivy_history
from goldenpath.delivery.scanners.result_cache import NOTHING_KEPT, KeptResults
from goldenpath.shared import codec, runner
from goldenpath.shared.errors import CandidateChanged, ScannerFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
    from goldenpath.delivery.model.layout import Layout, LayoutImage
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.delivery.scanners.databases import Databases
    from goldenpath.delivery.scanners.scanner import ImageScan, Inventory
    from goldenpath.delivery.scanners.trivy_cache import LayerAnalysis
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Digest
    from goldenpath.shared.toolchain import Program


@dataclass(frozen=True)
class TrivyScanner:
    """Scans with the databases in `cache`, and with `secrets` for these too.

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
    def not_searched(self) -> str:
        """Where trivy does not look for secrets."""
        return trivy.NOT_SEARCHED

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Everything but the image that decides what trivy sees in a layer."""
        rules = trivy.SECRET_RULES.decode() if self.secrets else ""
        return (self.program.version, self.program.sha256, self.java, rules)

    def scan(self, layout: Layout, image: LayoutImage, own: int = 0) -> ImageScan:
        """Return what trivy sees in `image`, as `ImageScanner` says.

        A kept analysis with which trivy fails is removed, and the scan runs as if nothing had been kept.
        """
        with (
            unpacked_layers.shared_or_own(self.layers) as layers,
            tempfile.TemporaryDirectory(prefix="goldenpath-image-") as name,
        ):
            shown, blobs = trivy_history.plain(layout, image, own, Path(name))
            view = _View(layout, image, shown, blobs, layers)
            return replace(_with_kept(self, view), config=image.manifest.config.digest)

    def unknown(self, inventory: Inventory) -> tuple[str, ...]:
        """Return the ecosystems in `inventory` that trivy's database knows nothing about."""
        return trivy_canary.unknown(self.program, runner.trivy_cache_dir(), inventory)


@contextmanager
def opened(
    run: Run, environment: Environment, layout: Layout, layers: UnpackedLayers
) -> Iterator[tuple[TrivyScanner, Databases]]:
    """Give trivy with the databases that a scan of `layout` needs. Raises as `databases.provided` does."""
    program = run.program("trivy")
    with databases.provided(run, environment, program, layout, layers) as provided:
        # Without a usable Java database trivy sees less than another time.
        kept = result_cache.of(program) if provided.cache == runner.trivy_cache_dir() else NOTHING_KEPT
        java = provided.java.sha256 if provided.java else ""
        yield TrivyScanner(program, provided.cache, environment.image_secrets, java, layers, kept), provided


@dataclass(frozen=True)
class _View:
    """An `image` and how it is `shown` to trivy: `blobs` are those that its layout does not have."""

    layout: Layout
    image: LayoutImage
    shown: LayoutImage
    blobs: Mapping[Digest, Path]
    layers: UnpackedLayers

    @property
    def config(self) -> ImageConfig:
        """The configuration that trivy reads."""
        path = self.blobs.get(self.shown.manifest.config.digest)
        return codec.decode(path.read_bytes(), ImageConfig) if path else self.layout.config(self.image)


def _with_kept(using: TrivyScanner, view: _View) -> ImageScan:
    with trivy_cache.kept(using.kept, using.cache, view.shown, view.config, using.depends_on) as analysis:
        if analysis:
            try:
                image_scan = _scan(using, view, analysis)
            except ScannerFailed:
                analysis.forget()
            else:
                analysis.keep()
                return image_scan
    return _scan(using, view)


def _scan(using: TrivyScanner, view: _View, analysis: LayerAnalysis | None = None) -> ImageScan:
    unpacked = view.layers.of(view.layout, view.image, without=analysis.knows if analysis else ())
    with tempfile.TemporaryDirectory(prefix="goldenpath-layout-") as folder:
        single = narrowed(view.layout, view.shown, Path(folder), {**unpacked, **view.blobs})
        report = trivy.scan(using.program, single.path, using.cache, secrets=using.secrets, analysis=analysis)
    image_scan = trivy.parse(*report)
    expected = view.shown.manifest.config.digest
    if image_scan.config != expected:
        raise CandidateChanged(
            f"trivy scanned the image {image_scan.config}, and the candidate is {expected}",
            fix="Run `goldenpath build` again, then every stage after it",
        )
    return image_scan
