"""The delivery report in a real browser: quick, without an error, for everybody.

`RENEW_SCREENSHOTS=1` writes the pictures in docs/images/report again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests import npm, report_cases
from tests.tools.command import ROOT

from goldenpath.local.engine import debian
from goldenpath.shared import runner

pytestmark = pytest.mark.tools

FILES = ROOT / "tests" / "browser"
PICTURES = ROOT / "docs" / "images" / "report"


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what the browser saw, by case."""
    debian.install({"chromium": "chromium"}, runner.tell, reason="to look at the delivery report")
    browser = debian.which("chromium")
    assert browser
    folder = tmp_path_factory.mktemp("report")
    pages = [folder / f"{name}.html" for name in report_cases.reports()]
    for page, html in zip(pages, report_cases.reports().values(), strict=True):
        page.write_text(html)
    pictures = PICTURES if os.environ.get("RENEW_SCREENSHOTS") else "-"
    script = npm.kept("browser", sorted(FILES.glob("*.[jm]*")), _kept) / "look.mjs"
    command = (npm.NODE, script, browser, pictures, *pages)
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    seen: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return seen


def _kept(folder: Path) -> Path:
    shutil.rmtree(folder / "npm", ignore_errors=True)
    kept = folder / "kept"
    kept.mkdir()
    for name in ("look.mjs", "package.json", "node_modules"):
        (folder / name).rename(kept / name)
    return kept


def test_no_page_has_an_error_or_fetches_anything(looked: dict[str, dict[str, Any]]) -> None:
    assert {name: (seen["errors"], seen["requests"]) for name, seen in looked.items()} == dict.fromkeys(looked, ([], 1))


def test_axe_has_no_serious_finding_in_light_or_dark(looked: dict[str, dict[str, Any]]) -> None:
    assert {name: seen["serious"] for name, seen in looked.items()} == {name: [] for name in looked}


def test_the_keyboard_reaches_everything(looked: dict[str, dict[str, Any]]) -> None:
    assert {name: seen["unreached"] for name, seen in looked.items()} == dict.fromkeys(looked, 0)


def test_findings_are_sorted_and_searched_by_keyboard(looked: dict[str, dict[str, Any]]) -> None:
    count = report_cases.LARGE
    assert looked["large"]["used"] == {"all": f"{count} of {count}", "sorted": "ascending", "searched": f"0 of {count}"}


def test_the_list_of_findings_leaves_the_charts_as_they_are(looked: dict[str, dict[str, Any]]) -> None:
    charts = [["severity", 5], ["known for", 6], ["part of the image", 3]]
    assert [looked[name]["charts"] for name in ("vulnerabilities", "large")] == [charts, charts]


def test_on_paper_no_page_is_dark_or_cut_or_closed_or_asks_for_a_click(looked: dict[str, dict[str, Any]]) -> None:
    names = ("controls", "colours", "wide", "cut", "closed", "heads")
    as_paper = dict(zip(names, ([], ["rgb(31, 35, 40)", "rgb(255, 255, 255)"], 0, 0, 0, 0), strict=True))
    assert {name: {fact: seen["printed"][fact] for fact in names} for name, seen in looked.items()} == dict.fromkeys(
        looked, as_paper
    )


def test_paper_shows_every_row_or_says_how_many_are_left_out(looked: dict[str, dict[str, Any]]) -> None:
    shown = "are not printed: only the rows that this page shows are."
    printed = {name: (seen["printed"]["rows"], seen["printed"]["notes"]) for name, seen in looked.items()}
    assert printed["blocked"] == ([1], [])
    assert printed["released"] == ([200], [f"100 of the 300 packages {shown} sbom.spdx.json has them all."])
    assert printed["vulnerabilities"] == (
        [200],
        [f"2800 of the 3000 findings {shown} gitleaks.json and trivy.json have them all."],
    )


def test_each_case_has_a_picture(looked: dict[str, dict[str, Any]]) -> None:
    assert {path.stem for path in PICTURES.glob("*.webp")} == set(looked)
