"""Receipts as files."""

from __future__ import annotations

import pytest

from goldenpath.delivery.model.receipt import Receipt
from goldenpath.shared import codec
from tests.unit.builders import DIGEST
from tests.unit.shared.test_codec import RECEIPT


def test_a_wrong_field_is_named_by_its_path() -> None:
    raw = codec.encode(RECEIPT).replace(DIGEST.encode(), b"md5:1", 1)
    with pytest.raises(ValueError, match=r"'md5:1' is not a digest .* - at `\$\.digest`"):
        codec.decode(raw, Receipt)
