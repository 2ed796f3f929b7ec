"""Findings in words."""

from __future__ import annotations

import pytest

from goldenpath.delivery.model.finding import FindingOrigin


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (FindingOrigin(base="a/b:1"), "from the base image a/b:1"),
        (FindingOrigin(base="a/b:1", line=3), "from the base image a/b:1 (line 3 of the Dockerfile)"),
        (FindingOrigin(instruction="COPY"), "brought by COPY in the Dockerfile"),
        (FindingOrigin(line=4, instruction="COPY"), "brought by COPY in line 4 of the Dockerfile"),
    ],
)
def test_an_origin_in_words(origin: FindingOrigin, words: str) -> None:
    assert origin.words == words
