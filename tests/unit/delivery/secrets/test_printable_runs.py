from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.secrets import printable_runs
from goldenpath.delivery.secrets.printable_runs import PrintableRun, runs


@given(st.lists(st.sampled_from([b"\0", b"\xff", b"\n", b"a secret in it", b"short", b"x"]), max_size=40), st.data())
def test_every_long_run_is_there_with_its_line_and_the_bytes_beside_it(parts: list[bytes], data: st.DataObject) -> None:
    content = b"".join(parts)
    cut = data.draw(st.integers(0, len(content)))
    found = list(runs([content[:cut], content[cut:]]))
    longest = re.finditer(rb"[\t\n\f\r -~]{12,}", content)
    expected = [content[max(each.start() - 1, 0) : each.end() + 1] for each in longest]
    assert [run.content for run in found] == expected
    for run in found:
        # Two equal runs may share the byte between them, so matches overlap.
        at = [match.start() for match in re.finditer(rb"(?=" + re.escape(run.content) + rb")", content)]
        assert run.lines_before in {content.count(b"\n", 0, place) for place in at}


def test_a_run_that_is_very_long_comes_in_parts_that_overlap() -> None:
    whole = b"".join(b"%08d\n" % number for number in range(400_000))
    found = list(runs([whole[at : at + 700_000] for at in range(0, len(whole), 700_000)]))
    assert len(found) > 1
    for run in found:
        # A part may begin in the middle of a line.
        begin = 9 * run.lines_before
        assert begin <= whole.index(run.content) < begin + 9
    for begin in range(0, len(whole) - 16_000, 90_001):
        assert any(whole[begin : begin + 15_000] in run.content for run in found)


def test_random_bytes_have_next_to_no_runs() -> None:
    content = bytes((number * 2_654_435_761 >> 13) & 255 for number in range(1 << 16))
    assert sum(len(run.content) for run in runs([content])) < len(content) // 10


def test_letters_of_two_bytes_are_seen() -> None:
    assert printable_runs.may_hold_wide_texts(b"MZ" + bytes(9) + "a secret in it, wide".encode("utf-16-le"))
    assert printable_runs.may_hold_wide_texts(b"MZ" + bytes(9) + "a secret in it, wide".encode("utf-16-be"))
    assert not printable_runs.may_hold_wide_texts(bytes(1000))
    assert not printable_runs.may_hold_wide_texts(b"text")


def test_a_file_with_a_zero_near_its_beginning_is_binary_as_for_git() -> None:
    assert printable_runs.is_binary(b"a\0")
    assert not printable_runs.is_binary(b"a" * 8000 + b"\0")
    assert list(runs([b"nothing"])) == [] == list(runs([]))
    assert list(runs([b"\0a secret in it"])) == [PrintableRun(0, b"\0a secret in it")]
