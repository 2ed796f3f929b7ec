from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.scanners import scanner
from goldenpath.shared.errors import GateBlocked, ScannerFailed, ToolFailed, ToolMissing, ToolTimeout


@pytest.mark.parametrize(
    "failure",
    [
        ToolFailed("x ended with exit status 1", why="boom", fix="f"),
        ToolMissing("x cannot be started", fix="f"),
        ToolTimeout("x did not end", fix="f"),
        FileNotFoundError(2, "No such file or directory", "report.json"),
        OSError(28, "No space left on device"),
    ],
)
def test_whatever_goes_wrong_inside_is_that_the_scanner_failed(failure: Exception) -> None:
    with pytest.raises(ScannerFailed) as caught, scanner.empty_folder("x"):
        raise failure
    assert caught.value.what.startswith("x did not finish its work")
    assert caught.value.why == str(failure).removesuffix(".")
    assert caught.value.__cause__ is failure


def test_an_error_of_another_kind_goes_through_unchanged() -> None:
    with pytest.raises(GateBlocked), scanner.empty_folder("x"):
        raise GateBlocked("blocked", fix="f")


def test_the_folder_is_empty_and_gone_afterwards() -> None:
    with scanner.empty_folder("x") as folder:
        assert list(folder.iterdir()) == []
        (folder / "report").touch()
    assert not folder.exists()


@given(st.lists(st.text()))
def test_a_fingerprint_is_the_same_for_the_same_words(words: list[str]) -> None:
    assert scanner.fingerprint(*words) == scanner.fingerprint(*words)
    assert len(scanner.fingerprint(*words)) == 32


def test_a_fingerprint_tells_words_apart_wherever_they_are_cut() -> None:
    assert scanner.fingerprint("ab", "c") != scanner.fingerprint("a", "bc")


def test_a_fingerprint_takes_a_file_name_that_is_no_text() -> None:
    assert scanner.fingerprint("\udcff")
