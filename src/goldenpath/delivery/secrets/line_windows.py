"""Select the lines around a change that a rule of gitleaks can read.

Most rules stay within one line, or have one form, of which `FORM` is the middle: a word of the rule, at most eight line
ends, spaces and quotes with one sign like `=` among them, and then the secret. They read at most three lines that are
not blank, and the first of these contains the word. The few other rules may read any distance and are called far. For
each far rule, `FAR_WORDS` has a word that all its matches contain. tests/tools/test_rules_are_near.py compares this
with the rules themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from goldenpath.delivery.secrets.git_changes import Hunk

FORM = r"""[\s'"]{0,3}"""
# A word in every match of a far rule, in lower case, and the file names that the rule applies to.
FAR_WORDS = (
    (b"curl", ""), (b"zxlk", ""), (b"-----begin", ""), (b"secret", r"\.ya?ml$"), (b"secret_key", r"\.php$"),
    (b"<add key=", r"nuget\.config$"),
)  # fmt: skip
# Hashes in base64 contain these letters too; the rules require the beginning of a word.
_WORDS = {b"curl": re.compile(rb"\bcurl\b"), b"zxlk": re.compile(rb"\bZXlK")}
# Words that a rule requires anywhere in the file, even far from its match.
WORDS_ELSEWHERE = (b"airtable", b"facebook", b"sourcegraph")
_ANY, _NOWHERE = re.compile(b""), frozenset[bytes]()
_LOOK, _LONGEST_WORD = 4 << 20, 16
# The characters that may stand before a line end in `FORM`, and how many of them from the rule's word on.
IN_FORM = b" \t\n\f\r" + b"abcdefghijklmnopqrstuvwxyz0123456789" + b"_.-'\"`=>:|,?"
_OTHER = bytes(0 if byte in IN_FORM else 255 for byte in range(256))
TAIL = 80
# Non-blank lines on the other side of a change: a match takes at most three such lines, one of them changed.
_REACH = 2
# Lines that a match may take, including blank ones.
AT_MOST = 9
# The beginnings of archives that may lack control characters, of two-byte texts, and of git-lfs pointers.
_MARKS = (
    b"1AY&SY", b"debian-binary", b"BZ3v1", b"\x28\xb5\x2f\xfd", b"\xed\xab\xee\xdb", b"\xff\xfe", b"\xfe\xff",
    b"version https://git-lfs.github.com/spec/",
)  # fmt: skip
_ASCII_MARKS = tuple(mark for mark in _MARKS if mark.isascii())
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f")
# Runs of changed lines, in the string of all signs of a hunk.
_CHANGING = re.compile(rb"[+-]+")
_RULE, _KEYWORDS = re.compile(rb"\[\[rules\]\]"), re.compile(rb"keywords = \[([^\]]*)\]")


def multi_line_pattern(rules: bytes) -> re.Pattern[bytes]:
    """Return a pattern that matches any word of the `rules` that read across a line end."""
    by_letter = defaultdict[bytes, list[bytes]](list)
    for word in multi_line_words(rules):
        by_letter[word[:1]].append(re.escape(word[1:]))
    # Every change is searched with it: one branch per first letter takes a third of the time of one per word.
    return re.compile(b"|".join(letter + b"(?:" + b"|".join(rest) + b")" for letter, rest in by_letter.items()))


def multi_line_words(rules: bytes) -> tuple[bytes, ...]:
    """Return the words, in lower case, of the `rules` that read across a line end; no word contains another."""
    words = set[bytes]()
    for rule in _RULE.split(rules):
        if FORM.encode() in rule and (listed := _KEYWORDS.search(rule)):
            words.update(re.findall(rb'"([^"]+)"', listed[1].lower()))
    return tuple(sorted(word for word in words if not any(other in word for other in words - {word})))


def has_far_word(path: str, text: bytes) -> bool:
    """Return whether `text`, a part of the file `path`, contains a word of a far rule."""
    low = text.lower()
    if not (b"curl" in low or b"zxlk" in low or b"secret" in low or b"-----begin" in low or b"<add key=" in low):
        return False
    return any(
        word in low and _WORDS.get(word, _ANY).search(text) and re.search(name, path, re.IGNORECASE)
        for word, name in FAR_WORDS
    )


def words_elsewhere(text: bytes) -> frozenset[bytes]:
    """Return the words of `WORDS_ELSEWHERE` that `text` contains."""
    low = text.lower()
    if b"airtable" not in low and b"facebook" not in low and b"sourcegraph" not in low:
        return _NOWHERE
    return frozenset(word for word in WORDS_ELSEWHERE if word in low)


def may_have_far_word(path: str, content: bytes | mmap) -> bool:
    """Return whether `content`, which need not be text and may be large, contains a word of a far rule."""
    return any(has_far_word(path, content[at : at + _LOOK + _LONGEST_WORD]) for at in range(0, len(content), _LOOK))


def is_plain_text(text: bytes) -> bool:
    """Return whether `text` is only text: it contains no archive and no two-byte letters."""
    if len(text.translate(None, _CONTROLS)) != len(text):
        return False
    # A loop takes half the time of `any`.
    for mark in _ASCII_MARKS if text.isascii() else _MARKS:  # noqa: SIM110
        if mark in text:
            return False
    return True


class LineWindow(Struct, frozen=True, gc=False):
    """Consecutive lines of a file; the first line has the number `first`.

    `has_old` is true if some of the lines existed before the change.
    """

    first: int
    text: bytes
    has_old: bool = False


def windows_around(hunk: Hunk, words: re.Pattern[bytes]) -> Iterator[LineWindow]:
    """Yield the new lines of `hunk`, and windows across its borders, where a rule may join new lines with old ones.

    `words` is the result of `multi_line_pattern`. New lines are also yielded without the lines around them: a match
    that begins in an old line could swallow a match that the new lines have of their own.
    """
    if hunk.body.startswith(b"+") and b"\n " not in hunk.body and b"\n-" not in hunk.body:
        yield added_lines(hunk)
        return
    lines, changes = _new_side(hunk.body)
    for begin, end in changes:
        if begin < end:
            yield _lines(hunk, lines, begin, end)
    for cut in dict.fromkeys(cut for change in changes for cut in change):
        if not (cut and cut < len(lines)):
            continue
        above = _above(lines, cut)
        if _is_read_over(words, b"\n".join(lines[above:cut])):
            both = _lines(hunk, lines, above, _below(lines, cut), has_old=True)
            # `wide_windows` yields a region around a far word, which contains these lines too.
            if not has_far_word("", both.text):
                yield both


def added_lines(hunk: Hunk) -> LineWindow:
    """Return the lines of a hunk that only adds lines."""
    text, _, _ = hunk.body.partition(b"\n\\")
    return LineWindow(hunk.line, text[1:].replace(b"\n+", b"\n") + b"\n")


def changed_lines(hunk: Hunk) -> Iterator[range]:
    """Yield the line numbers of each run of new lines in `hunk`; an empty range where lines were only removed."""
    _, changes = _new_side(hunk.body)
    return (range(hunk.line + begin, hunk.line + end) for begin, end in changes)


def _lines(hunk: Hunk, lines: list[bytes], begin: int, end: int, *, has_old: bool = False) -> LineWindow:
    return LineWindow(hunk.line + begin, b"\n".join(lines[begin:end]) + b"\n", has_old)


def _is_read_over(words: re.Pattern[bytes], above: bytes) -> bool:
    """Return whether a rule may read from the end of the lines `above` into the next line."""
    end = above.rstrip()[-TAIL:].lower()
    end = end[end.translate(_OTHER).rfind(b"\xff") + 1 :]
    return words.search(end) is not None


def _new_side(body: bytes) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Return the lines after the change, and for every changed place the begin and end of its new lines."""
    lines = body.split(b"\n")
    if b"\n\\" in body:
        lines = [line for line in lines if line[:1] != b"\\"]
    changes, gone = list[tuple[int, int]](), 0
    for signs in _CHANGING.finditer(b"".join([line[:1] or b" " for line in lines])):
        begin = signs.start() - gone
        gone += signs[0].count(b"-")
        changes.append((begin, signs.end() - gone))
    return [line[1:] for line in lines if line[:1] != b"-"], changes


def _above(lines: list[bytes], cut: int) -> int:
    """Return the index of the first of the last few non-blank lines before `cut`."""
    left, at = _REACH, cut
    while at and left and at > cut - AT_MOST:
        at -= 1
        left -= bool(lines[at].strip())
    return at


def _below(lines: list[bytes], cut: int) -> int:
    """Return the index after the first few non-blank lines from `cut` on."""
    left, at = _REACH, cut
    while at < len(lines) and left and at < cut + AT_MOST:
        left -= bool(lines[at].strip())
        at += 1
    return at


def split_text(text: bytes, size: int, words: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield `text` in parts of whole lines, about `size` bytes long, with the number of lines before each.

    If a rule may read across the border of two parts, the second repeats the end of the first. `text` has no far word.
    """
    begin = at = lines = 0
    while len(text) - at > size:
        end = text.rfind(b"\n", at, at + size) + 1 or text.find(b"\n", at + size) + 1 or len(text)
        yield lines, text[begin:end]
        above = _begin_of_last(text, end)
        is_read_over = _is_read_over(words, text[above:end])
        lines += text.count(b"\n", begin, end)
        begin = at = end
        if is_read_over:
            begin = above
            lines -= text.count(b"\n", begin, end)
    if at < len(text) or not text:
        yield lines, text[begin:]


def _begin_of_last(text: bytes, end: int) -> int:
    """Return the position of the first of the last few non-blank lines before `end`."""
    left = _REACH
    for _ in range(AT_MOST):
        if not (left and end):
            break
        begin = text.rfind(b"\n", 0, end - 1) + 1
        left -= bool(text[begin:end].strip())
        end = begin
    return end
