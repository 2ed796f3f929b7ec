"""Scans of one user at a terminal, by the real trivy and syft, and images for them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.tools import apps, small_images
from tests.unit.layout_builder import store

from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
from goldenpath.delivery.model.layout import Layout, Manifest, write_index
from goldenpath.shared import codec
from goldenpath.shared.oci import CONFIG, MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.finding import Kind
    from goldenpath.delivery.scanners.scanner import ImageScan
    from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner

BASE = {"etc/os-release": apps.OS_RELEASE.encode(), "var/lib/dpkg/status": apps.DPKG_STATUS.encode()}
APP = {apps.PLANTED_PACKAGE: apps.PLANTED_METADATA.encode()}
KEY = {"app/key": f"TOKEN={apps.secret()}\n".encode()}
MORE = {"app/more": b"nothing"}
CMD = 'CMD ["app"]'


@dataclass
class TerminalScans:
    """Scans of one user: `unpacked` says how many layers the last one read."""

    order: TrivyScanner
    unpacked: int = 0

    def scan(self, layout: Layout, own: int = 0) -> ImageScan:
        layers = UnpackedLayers()
        try:
            (one,) = layout.images()
            return replace(self.order, layers=layers).scan(layout, one, own)
        finally:
            self.unpacked = len(layers._layers)  # noqa: SLF001  nothing else counts them
            layers.close()


def image(folder: Path, *layers: dict[str, bytes], history: tuple[str, ...] = ()) -> Layout:
    """Write an image; `history` names its instructions, where those but COPY add no layer."""
    layout = small_images.make(folder, *layers)
    return described(layout, history=[
        {"created_by": each, "empty_layer": not each.startswith("COPY")} for each in history
    ]) if history else layout  # fmt: skip


def described(layout: Layout, **changed: Any) -> Layout:  # noqa: ANN401  fields of a configuration
    (one,) = layout.images()
    config = json.loads(layout.blob(one.manifest.config.digest).read_bytes()) | changed
    stored = store(layout.path, CONFIG, json.dumps(config).encode())
    manifest = Manifest(2, MANIFEST, stored, list(one.manifest.layers))
    write_index(layout.path, store(layout.path, MANIFEST, codec.encode(manifest)))
    return layout


def kinds(found: ImageScan) -> set[Kind]:
    return {each.kind for each in found.findings}
