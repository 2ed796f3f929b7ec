"""The documents as a site: built as `make site` builds it, without a network."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.tools.command import ROOT

from goldenpath.shared import error_pages, process
from goldenpath.shared.errors import ToolFailed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tools

# What a page may load: its own files, and pictures that are written into it.
_LOADED = re.compile(r"<(?:script|link|img)[^>]*? (?:src|href)=[\"']?(https?:[^\"' >]+)")


def build(source: Path, site: Path) -> None:
    python = process.run(ROOT / "bin" / "environment", "docs", timeout=900).stdout.decode().strip()
    mkdocs = python.replace("/python", "/mkdocs")
    process.run(mkdocs, "build", "--site-dir", site, cwd=source, timeout=120, environment={"NO_MKDOCS_2_WARNING": "1"})


def test_the_site_has_a_page_for_each_error_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    build(ROOT, tmp_path / "site")
    assert {path.stem for path in (tmp_path / "site" / "errors").glob("*.html")} == set(error_pages.kinds())
    loaded = {url for page in (tmp_path / "site").rglob("*.html") for url in _LOADED.findall(page.read_text())}
    assert loaded == set()


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    for name in ("docs", "dev"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    guide = tmp_path / "docs" / "guide.md"
    guide.write_text(f"{guide.read_text()}\n[lost](nowhere.md)\n")
    with pytest.raises(ToolFailed) as failed:
        build(tmp_path, tmp_path / "site")
    assert "nowhere.md" in failed.value.why
