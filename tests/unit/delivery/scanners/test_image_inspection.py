"""The gate asks a scanner only for what the interface promises, whichever program it is."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.model.finding import Database
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.scanners import image_inspection
from goldenpath.delivery.scanners.databases import Databases
from goldenpath.delivery.scanners.scanner import ImageScan, ImageScanner, Inventory
from goldenpath.shared.errors import ScannerFailed
from goldenpath.shared.names import Platform
from tests.unit import layout_builder, run_builder
from tests.unit.builders import vulnerability
from tests.unit.program_double import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.model.finding import Findings
    from goldenpath.delivery.model.layout import LayoutImage
    from goldenpath.shared.toolchain import Program


@dataclass(frozen=True)
class SecondScanner:
    """A scanner that is not trivy: it reports one vulnerability in every image."""

    unknown_ecosystems: tuple[str, ...] = ()
    program: Program = field(default_factory=lambda: program("second"))
    not_searched: str = "pictures"

    def scan(self, layout: Layout, image: LayoutImage, own: int = 0) -> ImageScan:  # noqa: ARG002
        config = image.manifest.config.digest
        return ImageScan(
            config, "debian 12", 3, (vulnerability(),), inventory=Inventory(frozenset({"gem"})), layers=("",)
        )

    def unknown(self, inventory: Inventory) -> tuple[str, ...]:  # noqa: ARG002
        return self.unknown_ecosystems


def inspect(scanner: ImageScanner, folder: Path, monkeypatch: pytest.MonkeyPatch, environment: str) -> Findings:
    @contextmanager
    def opened(*_: object) -> Iterator[tuple[ImageScanner, Databases]]:
        yield scanner, Databases(Path("nowhere"), Database(datetime.now(UTC)), ())

    monkeypatch.setattr(image_inspection, "SCANNER", opened)
    layout = layout_builder.layout(folder / "layout", layout_builder.AMD64, layout_builder.ARM64)
    return image_inspection.inspect(run_builder.run(folder, environment), layout)


def test_a_second_scanner_needs_no_change_of_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = inspect(SecondScanner(), tmp_path, monkeypatch, "prod")
    assert report.scanner.name == "second"
    assert [each.id for each in report.findings] == [vulnerability().id]
    assert set(report.seen.values()) == {"3 packages, debian 12"}
    assert report.notes == ("in the image, no secrets are looked for in pictures",)


@dataclass(frozen=True)
class FindingsByLayer(SecondScanner):
    """A scanner that reports one vulnerability for each image, named by the image's layer."""

    def scan(self, layout: Layout, image: LayoutImage, own: int = 0) -> ImageScan:
        found = vulnerability(identity=image.manifest.layers[0].digest.hex)
        return replace(super().scan(layout, image, own), findings=(found,))


def test_two_images_that_name_one_platform_are_both_scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign frontend can make such images."""
    monkeypatch.setattr(Layout, "platform", lambda *_: Platform("linux/amd64"))
    report = inspect(FindingsByLayer(), tmp_path, monkeypatch, "prod")
    one, other = Layout(tmp_path / "layout").images()
    assert [each.id for each in report.findings] == [image.manifest.layers[0].digest.hex for image in (one, other)]
    assert list(report.seen) == ["linux/amd64", f"linux/amd64-{other.descriptor.digest.hex[:12]}"]
    assert [each.platforms for each in report.findings] == [(name,) for name in report.seen]


def test_its_database_must_know_the_packages_of_the_image_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScannerFailed, match="knows nothing about gem"):
        inspect(SecondScanner(("gem",)), tmp_path, monkeypatch, "prod")
