"""Extract the printable runs of a binary file, with the byte on either side: the parts that a secret rule can match.

Random bytes cost a scanner as much time as text, and twelve printable ones in a row are rare. No match of a rule is
shorter than that, and none crosses a byte that is not printable, except at its ends or where `line_windows.is_far` says
so. tests/tools/test_rules_are_near.py compares this with the rules themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from mmap import mmap

SHORTEST = 12
# Git calls a file binary that has a zero among its first bytes: buffer_is_binary in its xdiff-interface.c.
LOOKED_AT = 8000
_PRINTABLE, _OTHER, _ZERO = b"ax0"
_CLASSES = bytes(_PRINTABLE if byte in b"\t\n\f\r" or 32 <= byte < 127 else _OTHER for byte in range(256))  # noqa: PLR2004
_CLASSES_AND_ZERO = bytes([_ZERO]) + _CLASSES[1:]
_RUN = bytes([_PRINTABLE]) * SHORTEST
# Eight letters of two bytes each: `embedded_streams.wide_texts` looks for sixteen.
_WIDE = bytes([_PRINTABLE, _ZERO]) * 8
_LOOK = 4 << 20
# Bytes. A longer run is split into parts, and every part repeats the end of the one before.
_LONGEST, _OVERLAP = 1 << 20, 16_000


@dataclass(frozen=True)
class PrintableRun:
    """Bytes of a file, and the number of line ends before them."""

    lines_before: int
    content: bytes


def is_binary(sample: bytes) -> bool:
    """Return whether git counts a file that begins with `sample` as binary."""
    return b"\0" in sample[:LOOKED_AT]


def may_hold_wide_texts(content: bytes | mmap) -> bool:
    """Return whether `content` may contain text with a zero byte beside each letter."""
    if content.find(b"\0") < 0:
        return False
    looks = (content[at : at + _LOOK + len(_WIDE)] for at in range(0, len(content), _LOOK))
    return any(_WIDE in look.translate(_CLASSES_AND_ZERO) for look in looks)


def runs(chunks: Iterable[bytes]) -> Iterator[PrintableRun]:
    """Yield the printable runs of `chunks`, with one byte before and after each; a very long run is split."""
    left, lines = b"", 0
    for chunk in chunks:
        content = left + chunk
        # A run that reaches the end may go on in the next chunk, and waits for it with the byte before it.
        end = max(len(content.translate(_CLASSES).rstrip(_RUN[:1])) - 1, 0)
        if len(content) - end > _LONGEST:
            yield from _runs(content, len(content), lines)
            end = len(content) - _OVERLAP
        else:
            yield from _runs(content, end, lines)
        lines += content.count(b"\n", 0, end)
        left = content[end:]
    yield from _runs(left, len(left), lines)


def _runs(content: bytes, end: int, lines: int) -> Iterator[PrintableRun]:
    """Yield every run that begins before `end`; `lines` counts the line ends before the `content`."""
    classes, counted = content.translate(_CLASSES), 0
    at = classes.find(_RUN)
    while 0 <= at < end:
        stop = classes.find(_OTHER, at)
        stop = len(classes) if stop < 0 else stop
        begin = max(at - 1, 0)
        lines += content.count(b"\n", counted, begin)
        counted = begin
        yield PrintableRun(lines, content[begin : stop + 1])
        at = classes.find(_RUN, stop)
