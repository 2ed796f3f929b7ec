"""What the real trivy saw in layers before is kept at a terminal."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.tools.kept_scans import APP, BASE, CMD, KEY, MORE, kinds
from tests.unit.layout_builder import tar

from goldenpath.delivery.model.finding import Kind
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.scanners import result_cache
from goldenpath.local.vulnerabilities import advisory_records, bolt, vulnerability_db
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from pathlib import Path

from tests.tools.kept_scans import TerminalScans, described, image

pytestmark = pytest.mark.tools


def test_a_second_scan_reads_only_what_is_new_and_finds_the_same(scans: TerminalScans, tmp_path: Path) -> None:
    first = scans.scan(image(tmp_path / "one", BASE, APP, KEY))
    assert (scans.unpacked, kinds(first)) == (3, {Kind.VULNERABILITY, Kind.SECRET})
    assert scans.scan(image(tmp_path / "again", BASE, APP, KEY)) == first
    assert scans.unpacked == 0
    changed = scans.scan(image(tmp_path / "changed", BASE, APP, MORE))
    assert (scans.unpacked, kinds(changed)) == (1, {Kind.VULNERABILITY})


def test_vulnerabilities_are_looked_up_in_the_database_of_today(
    scans: TerminalScans, tmp_path: Path, empty: Path
) -> None:
    layout = image(tmp_path / "one", BASE, APP, KEY)
    assert kinds(TerminalScans(replace(scans.order, cache=empty)).scan(layout)) == {Kind.SECRET}
    assert kinds(scans.scan(layout)) == {Kind.VULNERABILITY, Kind.SECRET}
    assert scans.unpacked == 0


@pytest.fixture
def empty(tmp_path: Path, trivy_cache: Path) -> Path:
    """trivy's cache with a database that knows nothing of Python."""
    shutil.copytree(trivy_cache / "db", tmp_path / "empty" / "db")
    known = advisory_records.buckets(vulnerability_db.ADVISORIES)
    others = {name: held for name, held in known.items() if "pip" not in name}
    (tmp_path / "empty" / "db" / "trivy.db").write_bytes(bolt.encode(others))
    return tmp_path / "empty"


def test_a_layer_counts_for_what_it_is_in_this_image(scans: TerminalScans, tmp_path: Path) -> None:
    """trivy looks for no secrets in what it takes for a base image: all before a CMD that more layers follow."""
    of_a_base = image(tmp_path / "base", BASE, KEY, MORE, history=("COPY a", "COPY b", CMD, "COPY c"))
    of_the_app = image(tmp_path / "app", BASE, KEY, MORE, history=("COPY a", CMD, "COPY b", "COPY c"))
    moved = image(tmp_path / "moved", BASE, MORE, KEY, history=("COPY a", "COPY b", CMD, "COPY c"))
    assert kinds(scans.scan(of_a_base)) == set()
    assert kinds(scans.scan(of_the_app)) == {Kind.SECRET}
    assert kinds(scans.scan(moved)) == {Kind.SECRET}


def test_a_layer_that_lies_about_its_content_is_read(scans: TerminalScans, tmp_path: Path) -> None:
    scans.scan(image(tmp_path / "one", BASE, MORE))
    (honest,) = image(tmp_path / "two", BASE, KEY).images()
    lying = described(
        Layout(tmp_path / "two"), rootfs={"type": "layers", "diff_ids": [Digest.of(tar(each)) for each in (BASE, MORE)]}
    )
    (one,) = lying.images()
    assert one.manifest.layers == honest.manifest.layers
    assert kinds(scans.scan(lying)) == {Kind.SECRET}


@pytest.mark.parametrize("damage", ["other bytes", "cut off"])
def test_a_damaged_analysis_is_made_again(scans: TerminalScans, cache: Path, tmp_path: Path, damage: str) -> None:
    layout = image(tmp_path / "one", BASE, APP, KEY)
    first = scans.scan(layout)
    (database,) = cache.glob("scans/*/fanal/fanal.db")
    raw = database.read_bytes()
    database.write_bytes(raw.replace(b"github-pat", b"github-xxx") if damage == "other bytes" else raw[:100])
    assert scans.scan(layout) == first
    assert scans.unpacked == 3


def test_an_analysis_that_trivy_cannot_use_is_made_again(scans: TerminalScans, cache: Path, tmp_path: Path) -> None:
    layout = image(tmp_path / "one", BASE, APP, KEY)
    first = scans.scan(layout)
    (database,) = cache.glob("scans/*/fanal/fanal.db")
    database.write_bytes(b"no database")
    result_cache.KeptResult(database.parent.parent).keep({"sha256:x": "0 sha256:x"})
    assert scans.scan(layout) == first


def test_two_scans_at_once_wait_for_nobody(scans: TerminalScans, cache: Path, tmp_path: Path) -> None:
    layout = image(tmp_path / "one", BASE, APP, KEY)
    first = scans.scan(layout)
    (folder,) = (each.parent.parent for each in cache.glob("scans/*/fanal/fanal.db"))
    lock = result_cache._locked(folder)  # noqa: SLF001  as another process holds it
    assert scans.scan(layout) == first
    assert (scans.unpacked, lock > 0) == (3, True)
