"""Findings in words."""

from __future__ import annotations

import pytest

from goldenpath.delivery.model.finding import Origin


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (Origin(base="a/b:1"), "from the base image a/b:1"),
        (Origin(base="a/b:1", line=3), "from the base image a/b:1 (line 3 of the Dockerfile)"),
        (Origin(instruction="COPY"), "brought by COPY in the Dockerfile"),
        (Origin(line=4, instruction="COPY"), "brought by COPY in line 4 of the Dockerfile"),
    ],
)
def test_an_origin_in_words(origin: Origin, words: str) -> None:
    assert origin.words == words
