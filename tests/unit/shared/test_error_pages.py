from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldenpath.shared import error_pages
from tests import error_examples

ROOT = Path(__file__).parents[3]
PARTS = ["## Why it happens", "## What to do", "## Example"]


def test_each_error_has_a_page_and_a_test_that_produces_its_example() -> None:
    codes = set(error_pages.kinds())
    assert {path.stem for path in error_pages.PAGES.iterdir()} == codes
    assert set(error_examples.BY_CODE) == codes


@pytest.mark.parametrize("code", error_pages.kinds())
def test_a_page_says_why_it_happens_and_what_to_do(code: str) -> None:
    page = error_pages.page(code)
    assert page.startswith(f"# `{code}`\n")
    assert re.findall(r"^## .*", page, re.MULTILINE) == PARTS
    assert f"error[{code}]: " in error_pages.example(code)
    assert "\n  do:  " in error_pages.example(code)


@pytest.mark.parametrize("test", error_examples.BY_TEST)
def test_a_test_that_produces_an_example_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text()
