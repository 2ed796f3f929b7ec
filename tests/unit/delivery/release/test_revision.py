from __future__ import annotations

import json

import pytest

from goldenpath.delivery.registry.oci_registry import StoredManifest
from goldenpath.delivery.release.revision import revision_of
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import MANIFEST, REVISION


def stored(content: bytes) -> StoredManifest:
    return StoredManifest(Digest.of(content), MANIFEST, content)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"annotations": {}}', b'{"annotations": {"a": 1}}'])
def test_an_image_that_says_nothing_readable_is_of_no_commit(content: bytes) -> None:
    assert revision_of(stored(content)) == ""


def test_an_image_names_its_commit() -> None:
    assert revision_of(stored(json.dumps({"annotations": {REVISION: "a1b2c3d"}}).encode())) == "a1b2c3d"
