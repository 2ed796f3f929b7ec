from __future__ import annotations

import pytest

from goldenpath.shared import digest_prefix


@pytest.mark.parametrize("content", [b"", b"x", b"\n", b"two\nlines"])
def test_what_was_sealed_is_opened(content: bytes) -> None:
    assert digest_prefix.opened(digest_prefix.seal(content)) == content


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\n",
        digest_prefix.seal(b"x") + b"y",
        digest_prefix.seal(b"xy")[:-1],
        b"0" * 64 + b"\nx",
        b"\xff" * 64 + b"\nx",
    ],
)
def test_what_was_damaged_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        digest_prefix.opened(damaged)
