"""Read the bodies of HTTP/1.1 requests in pieces of at most 1 MiB, so that no layer is ever whole in memory.

Framing: RFC 9112, sections 6 and 7.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from io import BufferedIOBase

PIECE = 1 << 20
_LONGEST_LINE = 4096


class ClientGoneError(Exception):
    """The client closed the connection in the middle of a request, or sent invalid HTTP."""


class RequestBody:
    """The body of one request, to be read once; `pieces` yields it, `drain` discards the rest."""

    def __init__(self, source: BufferedIOBase, headers: Message) -> None:
        self._source = source
        self.chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
        length = headers.get("Content-Length")
        self.length = None if self.chunked else int(length or 0)
        self.taken = 0
        self._rest = self._chunks() if self.chunked else self._exactly(self.length or 0)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most 1 MiB. Raises `ClientGoneError` when it ends too early."""
        for piece in self._rest:
            self.taken += len(piece)
            yield piece

    def whole(self, limit: int) -> bytes:
        """Return the whole of a small body. Raises `ValueError` when it is longer than `limit` bytes."""
        content = b""
        for piece in self.pieces():
            content += piece
            if len(content) > limit:
                raise ValueError(f"the body is longer than {limit} bytes")
        return content

    def drain(self) -> None:
        """Read the rest, so that the connection can carry the next request."""
        for _ in self.pieces():
            pass

    def _exactly(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self._source.read(min(length, PIECE))
            if not piece:
                raise ClientGoneError("the client stopped in the middle of a body")
            length -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._exactly(size)
            self._source.readline(_LONGEST_LINE)
        while self._source.readline(_LONGEST_LINE).strip():
            pass

    def _chunk_size(self) -> int:
        line = self._source.readline(_LONGEST_LINE)
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError:
            raise ClientGoneError("the client sent a chunk without a size") from None
