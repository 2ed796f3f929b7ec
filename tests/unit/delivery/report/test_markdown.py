from __future__ import annotations

import pytest

from goldenpath.delivery.report import markdown


@pytest.mark.parametrize(
    ("text", "written"),
    [("plain", "plain"), ("a | b <img> *c*", r"a \| b &lt;img&gt; \*c\*"), ("x" * 301, "x" * 299 + "…")],
)
def test_what_a_stranger_wrote_is_never_markup_and_never_endless(text: str, written: str) -> None:
    assert markdown.cell(text) == written


def test_a_list_of_nothing_is_nothing_and_a_long_one_counts_the_rest() -> None:
    assert markdown.bullets("Notes", []) == ""
    shown = markdown.bullets("Notes", ["a", "b", "c"], listed=2)
    assert shown == "\n### Notes\n\n- a\n- b\n- and 1 more, all in the verdicts of this run"
