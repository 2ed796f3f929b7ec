from __future__ import annotations

import io
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from goldenpath.shared import error_pages
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, GateBlocked

HOSTILE = st.text() | st.sampled_from(
    [
        "::error::x",
        "::add-mask::",
        "\n::set-output name=a::b",
        "##[command]x",
        "[red]x[/red]",
        "[/]",
        "\x1b[31m",
        "\r::x",
    ]
)


def told(act: object, *, terminal: bool = False) -> str:
    """Return what `act` made a `Progress` print."""
    sink = io.StringIO()
    console = Console(file=sink, force_terminal=terminal, highlight=False, soft_wrap=True, width=80)
    act(Progress(console))  # type: ignore[operator]
    return sink.getvalue()


def commands(log: str) -> list[str]:
    """Return the lines that a runner takes for a workflow command: white space, then two colons."""
    return [line for line in re.split(r"[\r\n]", log) if line.lstrip().startswith("::")]


def test_an_error_is_what_why_and_do_on_a_line_each() -> None:
    error = GateBlocked("trivy blocks", why="CVE-1", fix="update it")
    assert told(lambda progress: progress.error(error)) == (
        "error[gate-blocked]: trivy blocks\n  why: CVE-1\n  do:  update it\n  more: goldenpath explain gate-blocked\n"
    )


def test_an_error_in_a_workflow_run_has_the_address_of_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    log = told(lambda progress: progress.error(BadInput("no", fix="yes")))
    assert log.endswith(f"\n  more: {error_pages.address('bad-input')}\n")


def test_an_error_that_speaks_for_itself_has_no_why() -> None:
    assert told(lambda progress: progress.error(BadInput("no", fix="yes"))) == (
        "error[bad-input]: no\n  do:  yes\n  more: goldenpath explain bad-input\n"
    )


def test_a_stage_begins_says_and_ends_in_plain_lines_without_a_terminal() -> None:
    def act(progress: Progress) -> None:
        with progress.working("build"):
            progress.say("building Dockerfile")
        progress.end("build", "built it", time.monotonic())

    assert told(act) == "· build\n  building Dockerfile\n✓ build          built it  (0.0 s)\n"


@pytest.mark.parametrize(("state", "mark"), [("done", "✓"), ("warned", "!"), ("stopped", "✗")])
def test_each_end_has_its_mark(state: str, mark: str) -> None:
    assert told(lambda progress: progress.end("x", "y", time.monotonic(), state=state)).startswith(mark)


def test_a_long_line_is_not_wrapped_so_that_it_can_be_searched() -> None:
    assert told(lambda progress: progress.line("x" * 300)) == "x" * 300 + "\n"


def test_a_terminal_gets_a_live_line_that_is_gone_at_the_end() -> None:
    def act(progress: Progress) -> None:
        with progress.working("build"):
            progress.say("[bold]building[/bold]")
        progress.say("after")

    shown = told(act, terminal=True)
    assert "· build" not in shown
    assert shown.endswith("  after\n")
    assert "\x1b[?25h" in shown


def test_an_error_inside_gives_the_cursor_back() -> None:
    def act(progress: Progress) -> None:
        with pytest.raises(GateBlocked), progress.working("build"):
            raise GateBlocked("x", fix="y")
        progress.say("after")

    assert told(act, terminal=True).endswith("  after\n")


@given(HOSTILE, HOSTILE)
def test_nothing_that_is_told_can_be_a_workflow_command_markup_or_an_escape(one: str, other: str) -> None:
    def act(progress: Progress) -> None:
        progress.say(one)
        progress.warn(one)
        progress.line(one)
        progress.heading(one)
        progress.end(one, other, 0.0)
        progress.error(BadInput(one, why=other, fix=one))

    shown = told(act)
    assert not commands(shown)
    assert "##[" not in shown
    assert "\x1b" not in shown
    assert "\r" not in shown


@given(HOSTILE)
def test_what_a_stage_says_is_safe_too_where_there_is_a_terminal(words: str) -> None:
    def act(progress: Progress) -> None:
        with progress.working("build"):
            progress.say(words)

    shown = told(act, terminal=True)
    assert not commands(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))


def test_markup_is_shown_as_it_was_written() -> None:
    assert told(lambda progress: progress.line("[red]x[/red] [/]")) == "[red]x[/red] [/]\n"


def test_a_runner_gets_no_live_line_even_where_its_step_has_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("FORCE_COLOR", "1")
    sink = io.StringIO()
    monkeypatch.setattr("sys.stdout", sink)
    with Progress().working("build"):
        pass
    assert sink.getvalue() == "· build\n"
