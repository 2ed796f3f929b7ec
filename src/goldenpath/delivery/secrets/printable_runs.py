"""What a file of bytes holds that a rule for secrets can match: its printable runs, each with the byte beside it.

Random bytes cost a scanner as much as text does, and hardly any twelve in a row are printable. No match of a rule is
shorter than that, and none goes over a byte that is not printable, but at its ends or where `line_windows.is_far` says
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
# Bytes; a longer run comes in parts, each of which begins with the end of the one before.
_LONGEST, _OVERLAP = 1 << 20, 16_000


@dataclass(frozen=True)
class PrintableRun:
    """Bytes of a file, and how many ends of lines come before them."""

    lines_before: int
    content: bytes


def is_binary(sample: bytes) -> bool:
    """Tell whether a file that begins with `sample` counts as binary."""
    return b"\0" in sample[:LOOKED_AT]


def may_hold_wide_texts(content: bytes | mmap) -> bool:
    """Tell whether letters with a zero beside each may be in `content`."""
    if content.find(b"\0") < 0:
        return False
    looks = (content[at : at + _LOOK + len(_WIDE)] for at in range(0, len(content), _LOOK))
    return any(_WIDE in look.translate(_CLASSES_AND_ZERO) for look in looks)


def runs(chunks: Iterable[bytes]) -> Iterator[PrintableRun]:
    """Yield the printable runs of `chunks`, and one byte before and behind each; a very long one comes in parts."""
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
    """Yield each run that begins before `end`; `lines` are those before the `content`."""
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
