"""Databases in bolt's format."""

from __future__ import annotations

from goldenpath.local.vulnerabilities import bolt


def test_a_bucket_of_many_values_takes_several_pages_and_the_same_content_the_same_bytes() -> None:
    values = {f"{number:04}": b"x" * 100 for number in range(1000)}
    encoded = bolt.encode({"bucket": values, "another": {}})
    assert encoded == bolt.encode({"another": {}, "bucket": dict(sorted(values.items(), reverse=True))})
    assert len(encoded) % bolt.PAGE_SIZE == 0
    assert len(encoded) > 1000 * 100
