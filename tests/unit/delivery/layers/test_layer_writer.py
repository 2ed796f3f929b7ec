"""The compressed bytes of a layer."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

from goldenpath.delivery.layers import layer_files
from goldenpath.delivery.layers.layer_archive import Times

if TYPE_CHECKING:
    from pathlib import Path


AGREED = "sha256:578df06b4c25a447fa78719a026a6110bf48d2a08aedc2f9774550b007f765c3"


OLD, NEW, TIME = 981_173_106, 1_790_000_000, 1_769_940_000


def test_the_compressor_writes_the_bytes_that_every_machine_writes(tmp_path: Path) -> None:
    """Another version, or another processor, that compresses in another way would change the digest of each layer."""
    text = b"".join(hashlib.sha256(b"%d" % number).hexdigest().encode() for number in range(40_000))
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("a")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    content.seek(0)
    assert layer_files.write(content, Times(TIME), tmp_path).layer.digest == AGREED
