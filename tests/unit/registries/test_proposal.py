from __future__ import annotations

import pytest

from goldenpath.registries import proposal


def test_the_estimate_is_images_times_size_times_price() -> None:
    assert proposal.monthly_usd(20, 500) == pytest.approx(1.0)
    assert "Keeping 50 images of about 250 MB costs at most 1.25 USD a month" in proposal.storage_cost(50)
