from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.secrets import scan_limits
from goldenpath.delivery.secrets.embedded_streams import streams, wide_texts
from goldenpath.delivery.secrets.scan_limits import FileBudget, LimitReached, ScanBudget

TEXT = b"a text with a secret: 42\n" * 9


def zipped(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("inner", TEXT)
    return file.getvalue()


def found(content: bytes, begin: int = 0) -> list[tuple[int, bytes]]:
    return [(place, b"".join(chunks)) for place, chunks in streams(content, budget(content), begin)]


def budget(content: bytes) -> FileBudget:
    return FileBudget(ScanBudget(), len(content))


@pytest.mark.parametrize(
    "stream",
    [gzip.compress(TEXT), zipped(), lzma.compress(TEXT), bz2.compress(TEXT)],
    ids=["gzip", "a member of a zip", "xz", "bzip2"],
)
def test_a_stream_in_the_middle_is_read_and_one_before_the_begin_is_not(stream: bytes) -> None:
    assert found(b"before" + stream + b"after") == [(6, TEXT)]
    assert found(b"before" + stream + b"after", 7) == []


def test_a_member_that_lies_open_is_no_stream() -> None:
    assert found(zipped(zipfile.ZIP_STORED)) == []


def test_a_damaged_stream_ends_where_it_is_damaged() -> None:
    ((_, text),) = found(b"x" + gzip.compress(bytes(range(256)) * 400)[:-300])
    assert text == (bytes(range(256)) * 400)[: len(text)]


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress, gzip.compress])
def test_a_stream_that_grows_a_thousand_times_is_given_in_pieces(pack: Callable[[bytes], bytes]) -> None:
    content = b"x" + pack(bytes(20 << 20))
    ((_, chunks),) = streams(content, budget(content))
    sizes = [len(chunk) for chunk in chunks]
    assert (sum(sizes), max(sizes)) == (20 << 20, 1 << 20)


NAME, COMMENT, EXTRA = b"a name\0", b"a comment\0", b"\x03\0abc"
CHECKED = 2
HEADERS = {
    0: b"",
    8: NAME,
    16: COMMENT,
    24: NAME + COMMENT,
    4: EXTRA,
    30: EXTRA + NAME + COMMENT,
    2: b"",
}


@pytest.mark.parametrize("flags", HEADERS)
def test_what_a_header_of_gzip_has_before_its_data_is_stepped_over(flags: int) -> None:
    stream = gzip.compress(TEXT)
    header = stream[:3] + bytes([flags]) + stream[4:10] + HEADERS[flags]
    # Source: RFC 1952, 2.3.1.1, CRC16.
    header += (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little") if flags & CHECKED else b""
    assert found(b"before" + header + stream[10:]) == [(6, TEXT)]


def test_a_name_may_be_of_any_length() -> None:
    stream = gzip.compress(TEXT)
    header = stream[:3] + b"\x08" + stream[4:10] + b"n" * 500_000 + b"\0"
    assert found(b"x" + header + stream[10:]) == [(1, TEXT)]


MAGIC = b"\x1f\x8b\x08"
HOSTILE = {
    "headers whose name has no end": MAGIC * 6000,
    "names that all end at one place": (MAGIC + b"\x08" + bytes([1]) * 6) * 2000 + b"\0",
    "headers that all lead to empty blocks": b"".join(
        MAGIC + b"\x04" + bytes(6) + (12 * (1000 - n) - 12).to_bytes(2, "little") for n in range(1000)
    ) + b"\0\0\0\xff\xff" * 20_000,
    "members of a zip that are none": (b"PK\x03\x04" + bytes(4) + b"\x08" + bytes(21)) * 2000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_of_nothing_but_beginnings_costs_no_more_than_its_limits(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_limits, "ALWAYS_TRIED", 1 << 20)
    costs = budget(HOSTILE[name])
    with suppress(LimitReached):
        assert [b"".join(chunks) for _, chunks in streams(HOSTILE[name], costs)] == []
    assert costs.tried <= max(4 * len(HOSTILE[name]), 1 << 20) + (1 << 14)


BEGINNINGS = [b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x03\x04" + bytes(4) + b"\x08", b"\xfd7zXZ\x00", b"BZh91AY&SY"]


@given(st.binary(max_size=200), st.sampled_from(BEGINNINGS))
def test_what_only_begins_like_one_is_none_or_something_and_never_a_crash(content: bytes, magic: bytes) -> None:
    found(content + magic + content)
    found(magic)


@pytest.mark.parametrize("form", ["utf-16-le", "utf-16-be"])
def test_texts_of_two_bytes_a_letter_are_told_without_the_zeros(form: str) -> None:
    wide = "TOKEN = a secret here".encode(form)
    assert b"TOKEN = a secret her" in wide_texts(b"\x7fELF" + bytes(9) + wide + bytes(9) + b"short")
    assert wide_texts(b"a plain text, without any zero") == b""
    assert wide_texts(bytes(100)) == b""
