"""The summary of a real delivery for two platforms: tests/data/reports/two-platforms has the files that it left.

Only the names of its registry and its repository were replaced, which a test on this machine had made up.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import job_summary, run_facts
from tests.unit.delivery.report.test_job_summary import GOLDEN

if TYPE_CHECKING:
    from goldenpath.delivery.report.job_summary import Facts

FILES = Path(__file__).parents[3] / "data" / "reports" / "two-platforms"


def two_platforms() -> Facts:
    """Return the facts of that delivery."""
    facts = run_facts.of_folder(WorkFolder(FILES))
    assert facts is not None
    return facts


def test_the_summary_of_two_platforms_is_what_it_was() -> None:
    kept, text = GOLDEN / "summary-platforms.md", job_summary.render(two_platforms())
    if os.environ.get("RENEW_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")


def test_each_platform_is_there_with_its_digest() -> None:
    candidate = two_platforms().candidate
    assert candidate is not None
    text = job_summary.render(two_platforms())
    for image in candidate.platforms:
        assert f"- {image.platform} `{image.digest}`" in text
