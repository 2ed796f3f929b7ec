"""Images made for measuring: of any size and any number of layers, with half text and half random bytes in them."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from typing import IO, TYPE_CHECKING, cast

from dev import histories
from isal import igzip
from tests.faults import campaign
from tests.tools import apps
from tests.unit.builders import COMMIT
from tests.unit.layout_builder import store

from goldenpath.delivery.model.layout import Descriptor, Manifest, write_index
from goldenpath.shared import codec
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import CONFIG, GZIP_LAYER, MANIFEST, REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.delivery.model.work_folder import WorkFolder

_FILE = 512 << 10


def contents(megabytes: float, seed: bytes) -> Iterator[bytes]:
    """Yield files of half a megabyte, every other one a text, no two alike."""
    chance = random.Random(seed)  # noqa: S311  nothing is kept secret by it
    writer = histories.Writer(chance)
    text = "".join(f"{writer.sentence()}\n" for _ in range(_FILE // 45)).encode()[: _FILE - 64]
    noise = chance.randbytes(_FILE - 64)
    for number in range(max(round(megabytes * 2), 1)):
        yield seed.hex().encode() + b" %08d\n" % number + (noise if number % 2 else text)


def candidate(folder: Path, layers: int, megabytes: float) -> WorkFolder:
    """Return a work folder with a checked candidate of so many layers of about so many MB each."""
    work = campaign.checked(folder, COMMIT, b"growth", several=False)
    blobs = work.layout / "blobs" / "sha256"
    made = [_layer(blobs, number, megabytes) for number in range(layers)]
    described = {
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {
            "type": "layers", "diff_ids": [diff for _, diff in made]},
        "history": [{"created_by": f"COPY {number}"} for number in range(layers)],
    }  # fmt: skip
    config = store(work.layout, CONFIG, json.dumps(described).encode())
    plain = json.loads(codec.encode(Manifest(2, MANIFEST, config, [blob for blob, _ in made])))
    root = store(work.layout, MANIFEST, codec.encode(plain | {"annotations": {REVISION: COMMIT}}))
    old = work.read_candidate().digest
    write_index(work.layout, root)
    for path in work.path.glob("*.json"):
        path.write_text(path.read_text().replace(old, root.digest))
    return work


def _layer(folder: Path, number: int, megabytes: float) -> tuple[Descriptor, str]:
    """Write a layer, and return it with the digest of its content before it is compressed."""
    part, whole = folder / "part", hashlib.sha256()
    with igzip.open(part, "wb", compresslevel=1) as file:  # type: ignore[no-untyped-call]
        written = cast("IO[bytes]", _Hashed(file, whole))
        with tarfile.open(fileobj=written, mode="w|") as tar:
            for name, content in _files(number, megabytes):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    with part.open("rb") as raw:
        digest = Digest("sha256:" + hashlib.file_digest(raw, "sha256").hexdigest())
    size = part.stat().st_size
    part.rename(folder / digest.hex)
    return Descriptor(GZIP_LAYER, digest, size), f"sha256:{whole.hexdigest()}"


def _files(number: int, megabytes: float) -> Iterator[tuple[str, bytes]]:
    if not number:
        yield "etc/os-release", apps.OS_RELEASE.encode()
        yield "etc/debian_version", b"12.12\n"
        yield "var/lib/dpkg/status", apps.DPKG_STATUS.encode()
    for part, content in enumerate(contents(megabytes, b"%016d" % number)):
        yield f"data/{number}/{part}.{'bin' if part % 2 else 'txt'}", content


class _Hashed:
    """A file to write to, of which all that is written is hashed."""

    def __init__(self, file: IO[bytes], whole: hashlib._Hash) -> None:
        self._file, self._whole = file, whole

    def write(self, content: bytes) -> int:
        """Write `content`."""
        self._whole.update(content)
        return self._file.write(content)
