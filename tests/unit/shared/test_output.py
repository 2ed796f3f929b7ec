from __future__ import annotations

import io

import pytest

from goldenpath.shared import output
from goldenpath.shared.console import Progress


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Terminal:
    """Give stdout that is a terminal, outside of CI but for `variables`."""
    terminal = Terminal()
    # Not in a fixture: pytest puts its own stdout in place when a test begins.
    monkeypatch.setattr("sys.stdout", terminal)
    for name in ("CI", "GITHUB_ACTIONS", "RUNNER_TEMP", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    return terminal


def test_a_terminal_may_be_drawn_again_and_a_file_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch)
    assert output.may_redraw()
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert not output.may_redraw()


@pytest.mark.parametrize(
    ("name", "value"), [("CI", "true"), ("CI", "1"), ("CI", "woodpecker"), ("GITHUB_ACTIONS", "true"), ("TERM", "dumb")]
)
def test_no_line_is_drawn_again_in_ci_or_where_the_cursor_cannot_move(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    at_terminal(monkeypatch, **{name: value})
    assert not output.may_redraw()


@pytest.mark.parametrize("value", ["", "0", "false", "FALSE"])
def test_ci_that_says_no_is_a_terminal(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    at_terminal(monkeypatch, CI=value)
    assert output.may_redraw()


def test_what_was_chosen_holds_for_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch)
    with output.chosen(quiet=True, as_json=True):
        assert (output.is_quiet(), output.is_json(), output.may_redraw()) == (True, True, False)
    assert (output.is_quiet(), output.is_json(), output.may_redraw()) == (False, False, True)


@pytest.mark.parametrize(("name", "value", "coloured"), [("LANG", "C", True), ("NO_COLOR", "1", False)])
def test_no_color_takes_every_colour_from_a_terminal(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, coloured: bool
) -> None:
    terminal = at_terminal(monkeypatch, **{name: value})
    Progress().end("build", "built", 0.0)
    assert ("\x1b[32m" in terminal.getvalue()) is coloured
