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
_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^ *(?:\d+\.|[-*]) ", re.MULTILINE)


def build(source: Path, site: Path) -> None:
    python = process.run(ROOT / "bin" / "environment", "docs", timeout=900).stdout.decode().strip()
    mkdocs = python.replace("/python", "/mkdocs")
    process.run(mkdocs, "build", "--site-dir", site, cwd=source, timeout=120, environment={"NO_MKDOCS_2_WARNING": "1"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built from this checkout."""
    site = tmp_path_factory.mktemp("site")
    build(ROOT, site)
    return site


def test_the_site_has_a_page_for_each_error_and_loads_nothing_from_elsewhere(site: Path) -> None:
    assert {path.stem for path in (site / "errors").glob("*.html")} == set(error_pages.kinds())
    loaded = {url for page in site.rglob("*.html") for url in _LOADED.findall(page.read_text())}
    assert loaded == set()


def test_each_list_and_block_of_a_document_is_one_on_the_site(site: Path) -> None:
    assert [page for page in (ROOT / "docs").rglob("*.md") if parts_written(page) != parts_shown(site, page)] == []


def parts_written(page: Path) -> tuple[int, int]:
    """Return the number of blocks and of items of lists in a document."""
    text = page.read_text()
    return len(_FENCED.findall(text)), len(_ITEM.findall(_FENCED.sub("", text)))


def parts_shown(site: Path, page: Path) -> tuple[int, int]:
    """Return the number of blocks and of items on its page of the site; those of the document where it has none."""
    shown = site / page.relative_to(ROOT / "docs").with_suffix(".html")
    if not shown.exists():
        return parts_written(page)
    article = shown.read_text().partition("<article")[2].partition("</article>")[0]
    return article.count("<pre"), article.count("<li>")


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    for name in ("docs", "dev"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    guide = tmp_path / "docs" / "guide.md"
    guide.write_text(f"{guide.read_text()}\n[lost](nowhere.md)\n")
    with pytest.raises(ToolFailed) as failed:
        build(tmp_path, tmp_path / "site")
    assert "nowhere.md" in failed.value.why
