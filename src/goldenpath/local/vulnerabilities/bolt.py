"""Write a database file of bbolt, the key-value store of trivy's vulnerability database.

A bucket is one leaf page of any length. Source of the format: go.etcd.io/bbolt, `internal/common` (`page.go`,
`meta.go`, `bucket.go`).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Bucket: TypeAlias = "Mapping[str, Bucket | bytes]"

PAGE_SIZE = 4096
_MAGIC, _VERSION = 0xED0CDAED, 2
_LEAF, _META, _FREE_LIST, _IS_BUCKET = 0x02, 0x04, 0x10, 0x01
_PAGE_HEADER = struct.Struct("<QHHI")  # number, kind, elements, further pages
_ELEMENT = struct.Struct("<IIII")  # kind, distance to the key, sizes of key and value
_BUCKET_HEADER = struct.Struct("<QQ")  # first page, sequence
_META_FIELDS = struct.Struct("<IIIIQQQQQ")
_FREE_LIST_PAGE, _FIRST_PAGE = 2, 3


def encode(root: Bucket) -> bytes:
    """Return the content of a database file with the bucket `root`."""
    pages: list[bytes] = []
    first = _add(root, pages)
    free_list = _page(_FREE_LIST_PAGE, _FREE_LIST, 0, b"")
    end = _FIRST_PAGE + sum(len(page) for page in pages) // PAGE_SIZE
    metas = (_meta(number, first, end) for number in (0, 1))
    return b"".join((*metas, free_list, *pages))


def _add(bucket: Bucket, pages: list[bytes]) -> int:
    """Append the pages of `bucket`, after those of the buckets in it; return the number of its first page."""
    items: list[tuple[int, bytes, bytes]] = []
    for name, value in sorted(bucket.items(), key=lambda item: item[0].encode()):
        if isinstance(value, bytes):
            items.append((0, name.encode(), value))
        else:
            items.append((_IS_BUCKET, name.encode(), _BUCKET_HEADER.pack(_add(value, pages), 0)))
    number = _FIRST_PAGE + sum(len(page) for page in pages) // PAGE_SIZE
    pages.append(_page(number, _LEAF, len(items), _leaf(items)))
    return number


def _leaf(items: list[tuple[int, bytes, bytes]]) -> bytes:
    elements, content = b"", b""
    for index, (kind, key, value) in enumerate(items):
        distance = (len(items) - index) * _ELEMENT.size + len(content)
        elements += _ELEMENT.pack(kind, distance, len(key), len(value))
        content += key + value
    return elements + content


def _page(number: int, kind: int, count: int, body: bytes) -> bytes:
    size = -(-(_PAGE_HEADER.size + len(body)) // PAGE_SIZE)
    return (_PAGE_HEADER.pack(number, kind, count, size - 1) + body).ljust(size * PAGE_SIZE, b"\0")


def _meta(number: int, first: int, end: int) -> bytes:
    fields = _META_FIELDS.pack(_MAGIC, _VERSION, PAGE_SIZE, 0, first, 0, _FREE_LIST_PAGE, end, number)
    return _page(number, _META, 0, fields + struct.pack("<Q", _fnv(fields)))


def _fnv(content: bytes) -> int:
    """Return the 64-bit FNV-1a hash of `content`."""
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value
