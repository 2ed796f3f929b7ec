from __future__ import annotations

from itertools import starmap

import pytest

from goldenpath.delivery.secrets import repeated_secrets
from goldenpath.delivery.secrets.gitleaks import Leak
from goldenpath.delivery.secrets.line_windows import LineWindow

PER_COMMIT = 20


def leak(mark: str, version: int, line: int, last: int = 0, *, whole: bool = False, path: str = "a") -> Leak:
    return Leak("a-rule", "", line, path, f"{'' if whole else 'change:'}b{version}", 4.5, mark, last)


def test_a_line_that_was_there_before_is_not_brought_again() -> None:
    """Each of 200 commits adds lines at the end of one file, and its change shows the last old line too."""
    leaks, changed = list[Leak](), dict[tuple[str, str], list[range]]()
    for version in range(200):
        first = version * PER_COMMIT + 1
        changed["a", f"b{version}"] = [range(first, first + PER_COMMIT)]
        leaks += [leak(str(line), version, line) for line in range(max(first - 1, 1), first + PER_COMMIT)]
    # The last version is checked out, and was read whole.
    leaks += [leak(str(line), 199, line, whole=True) for line in range(1, 200 * PER_COMMIT + 1)]
    assert repeated_secrets.repeated(leaks, changed) == {}


def test_the_versions_that_brought_a_secret_are_known_with_its_lines() -> None:
    changed = {("a", "b1"): [range(5, 6)], ("a", "b2"): [range(2, 4), range(9, 10)], ("a", "b3"): [range(9, 10)]}
    leaks = [leak("one", 1, 5), leak("one", 2, 9), leak("one", 3, 10), leak("other", 3, 9), leak("one", 4, 1, path="b")]
    (secret,) = repeated_secrets.repeated(leaks, changed).items()
    assert secret == (("a", "a-rule", 4.5, "one"), {("a", "b1"): [range(5, 6)], ("a", "b2"): [range(9, 10)]})


@pytest.mark.parametrize(
    ("lines", "changed", "is_repeated"),
    [
        ((4, 4), [range(5, 7)], False),
        ((7, 7), [range(5, 7)], False),
        ((5, 5), [range(5, 7)], True),
        ((4, 5), [range(5, 7)], True),
        ((6, 8), [range(5, 7)], True),
        ((4, 4), [range(5, 5)], False),
        ((5, 5), [range(5, 5)], False),
        ((4, 5), [range(5, 5)], True),
        ((4, 5), [range(1, 2), range(9, 10)], False),
        ((4, 5), [range(1, 2), range(5, 10)], True),
        ((4, 5), None, True),
    ],
    ids=["above new lines", "below them", "new", "from old into new", "from new into old", "above lines that went",
         "below them", "lines between went", "between two places", "into the second place", "nobody knows"],
)  # fmt: skip
def test_a_match_belongs_to_a_change_where_it_has_a_new_line_or_lines_between_went(
    lines: tuple[int, int], changed: list[range] | None, *, is_repeated: bool
) -> None:
    shown = {} if changed is None else {("a", "b2"): changed}
    assert bool(repeated_secrets.repeated([leak("one", 1, 1), leak("one", 2, *lines)], shown)) is is_repeated


def test_a_secret_that_only_old_lines_show_counts_for_each_version() -> None:
    changed = {("a", f"b{version}"): [range(1, 2)] for version in (1, 2)}
    (versions,) = repeated_secrets.repeated([leak("one", 1, 5), leak("one", 2, 5)], changed).values()
    assert list(versions) == [("a", "b1"), ("a", "b2")]


def test_of_a_version_only_the_places_are_read_that_have_a_line_of_the_secret() -> None:
    lines = [f"line {number}" for number in range(1, 1_001)]
    text = "".join(f"{line}\n" for line in lines).encode()
    found = list(repeated_secrets.lines_around(text, {b"line 3", b"line 500", b"line 505", b"line"}))
    expected = list(starmap(range, ((1, 13), (491, 515))))
    assert found == [LineWindow(at.start, "".join(f"line {number}\n" for number in at).encode()) for at in expected]
