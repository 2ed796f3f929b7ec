"""Lists in the text of an input."""

from __future__ import annotations

import pytest

from goldenpath.shared import input_text


def test_build_arguments_are_one_a_line_and_keep_their_equals_signs() -> None:
    assert input_text.assignments("A=1\n\n  B=x=y \n") == (("A", "1"), ("B", "x=y"))


@pytest.mark.parametrize("raw", ["A", "=x", "A=1\nB"])
def test_a_build_argument_without_a_name_or_value_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=value"):
        input_text.assignments(raw)
