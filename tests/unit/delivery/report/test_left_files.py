from __future__ import annotations

import pytest

from goldenpath.delivery.report.left_files import if_there
from goldenpath.shared.errors import EvidenceMismatch, GoldenPathError, StageOutOfOrder


def raising(error: GoldenPathError) -> object:
    raise error


def test_a_file_that_is_missing_or_damaged_is_left_out() -> None:
    assert if_there(lambda: raising(StageOutOfOrder("trivy.json is missing", fix="f"))) is None
    assert if_there(lambda: "a verdict") == "a verdict"


def test_a_file_that_somebody_else_wrote_is_refused() -> None:
    with pytest.raises(EvidenceMismatch):
        if_there(lambda: raising(EvidenceMismatch("not the file that its job wrote", fix="f")))
