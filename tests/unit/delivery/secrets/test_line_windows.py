from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.secrets import line_windows
from goldenpath.delivery.secrets.git_changes import Hunk
from goldenpath.delivery.secrets.line_windows import LineWindow

WORDS = re.compile(b"key|token")


def near(body: str, line: int = 10) -> list[LineWindow]:
    return list(line_windows.windows_around(Hunk(line, body.encode()), WORDS))


def old_too(first: int, text: bytes) -> LineWindow:
    """Return lines of which some were there before."""
    return LineWindow(first, text, has_old=True)


def test_of_a_change_the_new_lines_are_read() -> None:
    assert near(" a;\n-b;\n+c;\n+d;\n e;") == [LineWindow(11, b"c;\nd;\n")]


def test_of_a_new_file_all_is_read() -> None:
    assert near("+a\n+\n+b\n\\ No newline at end of file", 1) == [LineWindow(1, b"a\n\nb\n")]


def test_what_only_goes_brings_nothing() -> None:
    assert near(" a;\n-b;\n c;") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (" api_key =\n+\n+secret", [LineWindow(11, b"\nsecret\n"), old_too(10, b"api_key =\n\nsecret\n")]),
        ("+api_key:\n \n secret\n next\n more", [
            LineWindow(10, b"api_key:\n"), old_too(10, b"api_key:\n\nsecret\nnext\n"),
        ]),
        (" token\n- x\n =\n secret", [old_too(10, b"token\n=\nsecret\n")]),
        (" token\n+=\n secret\n more", [
            LineWindow(11, b"=\n"), old_too(10, b"token\n=\nsecret\n"), old_too(10, b"token\n=\nsecret\nmore\n"),
        ]),
    ],
    ids=["a word before", "a word that is new", "what stood between is gone", "only the sign is new"],
)  # fmt: skip
def test_lines_that_a_rule_may_read_together_come_together(body: str, expected: list[LineWindow]) -> None:
    assert near(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (" a\n-b\n+c\n+d\n e", [range(11, 13)]),
        (" a\n-b\n c", [range(11, 11)]),
        ("+a\n b\n+c\n\\ No newline at end of file", [range(10, 11), range(12, 13)]),
        ("+a\n+b\n", [range(10, 12)]),
    ],
    ids=["other lines", "lines that went", "two places", "a new file"],
)
def test_the_numbers_of_new_lines_are_known(body: str, expected: list[range]) -> None:
    assert list(line_windows.changed_lines(Hunk(10, body.encode()))) == expected


@pytest.mark.parametrize("above", ["a line;", "key)", "token {", "just words"])
def test_a_line_that_no_rule_reads_over_is_left_out(above: str) -> None:
    assert near(f" {above}\n+new") == [LineWindow(11, b"new\n")]


@given(st.lists(st.sampled_from(["", "a;", "api_key =", "secret"]), max_size=30), st.integers(5, 40))
def test_parts_hold_every_line_at_its_number(lines: list[str], size: int) -> None:
    text = "".join(f"{line}\n" for line in lines)
    held = set[tuple[int, str]]()
    for before, part in line_windows.split_text(text.encode(), size, WORDS):
        held |= {(before + number, line) for number, line in enumerate(part.decode().split("\n")[:-1])}
    assert held == set(enumerate(lines))


@pytest.mark.parametrize(
    "text",
    [
        b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ\0", b"BZh91AY&SY", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07",
        b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"LZIP\1", b"!<arch>\ndebian-binary", b"\xed\xab\xee\xdb",
        b"MSCF\0\0\0\0", b"hsqs\0\0", b"BZ3v1", b"\x89LZO\0", b"\xff\xfea\0", b"a\0",
        b"version https://git-lfs.github.com/spec/v1",
    ],
)  # fmt: skip
def test_what_is_more_than_text_is_seen(text: bytes) -> None:
    assert not line_windows.is_plain_text(b"+some text\n+" + text)
    assert line_windows.is_plain_text("+text with ümläuts\r\n\t\f".encode())


def test_a_hash_in_base64_is_no_word() -> None:
    assert not line_windows.has_far_word("package-lock.json", b"sha512-aacurlZXlKbb==")
    assert line_windows.has_far_word("run.sh", b"\ncurl -u a:b")
    assert line_windows.has_far_word("a.txt", b'"ZXlKaGJHY2lPaU')


def test_a_word_elsewhere_in_the_file_is_remembered() -> None:
    assert line_windows.words_elsewhere(b"# Our Sourcegraph, and AIRTABLE") == {b"airtable", b"sourcegraph"}
    assert line_windows.words_elsewhere(b"nothing") == frozenset()
