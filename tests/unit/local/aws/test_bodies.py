"""Bodies of HTTP/1.1 requests."""

from __future__ import annotations

import io
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.local.aws.bodies import PIECE, ClientGoneError, RequestBody


def body(raw: bytes, **headers: str) -> RequestBody:
    message: Message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return RequestBody(io.BufferedReader(io.BytesIO(raw)), message)


def chunked(chunks: list[bytes]) -> bytes:
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nTrailer: x\r\n\r\n"


@given(st.lists(st.binary(min_size=1)), st.binary())
def test_a_chunked_body_is_read_to_its_end_and_no_further(chunks: list[bytes], following: bytes) -> None:
    source = io.BufferedReader(io.BytesIO(chunked(chunks) + following))
    headers: Message = Message()
    headers["Transfer-Encoding"] = "chunked"
    assert b"".join(RequestBody(source, headers).pieces()) == b"".join(chunks)
    assert source.read() == following


def test_a_long_body_comes_in_small_pieces() -> None:
    long = body(b"x" * (2 * PIECE + 1), Content_Length=str(2 * PIECE + 1))
    assert [len(piece) for piece in long.pieces()] == [PIECE, PIECE, 1]
    assert long.taken == 2 * PIECE + 1


def test_draining_after_reading_takes_only_what_is_left() -> None:
    long = body(b"x" * (PIECE + 5), Content_Length=str(PIECE + 5))
    next(long.pieces())
    long.drain()
    assert long.taken == PIECE + 5


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (b"abc", {"Content_Length": "4"}),
        (b"", {"Transfer_Encoding": "chunked"}),
        (b"zz\r\n", {"Transfer_Encoding": "chunked"}),
    ],
)
def test_a_client_that_stops_half_way_is_told_from_the_end(raw: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(ClientGoneError):
        body(raw, **headers).drain()


def test_a_body_longer_than_its_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="the body is longer than 3 bytes"):
        body(b"abcd", Content_Length="4").whole(3)
