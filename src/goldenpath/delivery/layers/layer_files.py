"""Write a layer of an image again: with other times, and compressed so that the same files give the same bytes.

Source: RFC 1952 (gzip; a file of several members), OCI Image Specification 1.1, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import deflate

from goldenpath.delivery.layers.layer_archive import Archive
from goldenpath.delivery.model.layout import Descriptor
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import GZIP_LAYER

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from goldenpath.delivery.layers.layer_archive import Times

# Level 1 of libdeflate is smaller than level 1 of Go's gzip and takes a third of its time.
_LEVEL = 1
# Each block is a gzip member of its own, so that all processors compress. A larger one would not be smaller.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class WrittenLayer:
    """A layer as it was written: its descriptor, its digest uncompressed, and that digest before the rewrite."""

    layer: Descriptor
    diff_id: Digest
    old_diff_id: Digest


def write(content: IO[bytes], times: Times, folder: Path, left_out: Container[bytes] = ()) -> WrittenLayer:
    """Write the layer whose archive is `content` into `folder`, under the name of its digest.

    The paths that are `left_out` are not in it. Raises `ValueError` when `content` is no archive.
    """
    archive, after, packed = Archive(content), hashlib.sha256(), hashlib.sha256()
    part = folder / f".layer.{os.getpid()}.part"
    size = 0
    try:
        with part.open("wb") as file:
            for block in _compressed(_blocks(_pieces(archive, times, left_out)), after):
                packed.update(block)
                size += file.write(block)
        digest = Digest(f"sha256:{packed.hexdigest()}")
        part.replace(folder / digest.hex)
    finally:
        part.unlink(missing_ok=True)
    diff_ids = (Digest(f"sha256:{hasher.hexdigest()}") for hasher in (after, archive.hasher))
    return WrittenLayer(Descriptor(GZIP_LAYER, digest, size), *diff_ids)


def _pieces(archive: Archive, times: Times, left_out: Container[bytes]) -> Iterator[bytes]:
    for member in archive.members():
        content = archive.content(member)
        if left_out and member.path in left_out:
            # Read although it is left out: the old digest is over every byte.
            deque(content, maxlen=0)
            continue
        yield member.dated(times)
        yield from content
    yield from archive.end()


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in blocks of one size: a layer must not depend on how it was read."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _BLOCK:
            yield bytes(waiting[:_BLOCK])
            del waiting[:_BLOCK]
    if waiting:
        yield bytes(waiting)


def _compressed(blocks: Iterable[bytes], hasher: hashlib._Hash) -> Iterator[bytes]:
    """Yield each block compressed, in order, and hash it before; as many at once as there are processors."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="compress") as pool:
        for block in blocks:
            waiting.append(pool.submit(_pack, block))
            hasher.update(block)
            # In order and with a bound: a layer may be larger than the memory.
            if len(waiting) > workers:
                yield waiting.popleft().result()
        for compressed in waiting:
            yield compressed.result()


def _pack(block: bytes) -> bytes:
    return bytes(deflate.gzip_compress(block, _LEVEL))
