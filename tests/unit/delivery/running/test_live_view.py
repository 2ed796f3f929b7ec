"""What a person sees of a delivery at a terminal: its end as it was kept, and the frames before."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from rich.console import Console

from goldenpath.delivery import stage_names
from goldenpath.delivery.running.delivery_end import DeliveryEnd
from goldenpath.delivery.running.live_view import LiveView
from goldenpath.shared.errors import BuildFailed
from tests.unit.delivery.report.test_job_summary import CASES
from tests.unit.delivery.running.terminal_cases import ENDS, ERRORS, FOLDER, Clock, end_of, play, same_as_kept
from tests.unit.shared.test_console import HOSTILE

SHOW_CURSOR = "\x1b[?25h"
STAGES = (*stage_names.IN_ORDER, "sarif-upload", "summary")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("time.monotonic", made)
    return made


class Terminal:
    """A terminal of so many columns, and a view on it."""

    def __init__(self, width: int = 120) -> None:
        self.sink = io.StringIO()
        self.console = Console(
            file=self.sink, force_terminal=True, color_system=None, width=width, highlight=False, soft_wrap=True
        )
        self.view = LiveView(STAGES, self.console)

    @property
    def end(self) -> str:
        """What stays on the screen: the last frame, and what was printed below it."""
        return self.frame + self.sink.getvalue().rpartition(SHOW_CURSOR)[2]

    @property
    def frame(self) -> str:
        """The stages as they are drawn now."""
        with self.console.capture() as drawn:
            self.console.print(self.view.drawn(), soft_wrap=False)
        return "".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines())


@pytest.mark.parametrize("name", ENDS)
def test_the_end_of_a_delivery_is_what_a_person_saw_before(name: str, clock: Clock) -> None:
    terminal = Terminal()
    play(terminal.view, end_of(name, ENDS[name]), clock)
    same_as_kept(f"terminal-{name}.txt", terminal.end)


def test_a_stage_waits_runs_and_ends_and_one_that_starts_early_runs_beside_it(clock: Clock) -> None:
    terminal = Terminal()
    view = terminal.view
    assert terminal.frame.count("  waiting") == len(STAGES)
    show = view.starts_early("sbom")
    assert "beside the stage above" in terminal.frame
    show("taking inventory")
    with view.working("trivy-gate"):
        clock.now += 65
        view.say("scanning linux/amd64")
        shown = terminal.frame.splitlines()
    view.end("trivy-gate", "trivy: ADVISE in dev", clock.now - 65.25, state="warned")
    assert shown[2] == "● trivy-gate     running  1 min 05 s  scanning linux/amd64"
    assert shown[3] == "● sbom           running  1 min 05 s  taking inventory"
    assert terminal.frame.splitlines()[2] == "! trivy-gate     advised      65.2 s  trivy: ADVISE in dev"


def test_a_transfer_is_asked_how_far_it_is_and_only_until_the_stage_says_something_else(clock: Clock) -> None:
    terminal = Terminal()
    view = terminal.view
    with view.working("ecr-push"):
        view.say("uploading 2 of 9 blobs, 60.0 MB")
        view.watch(lambda: "1 of 2 layers, 12.0 of 60.0 MB")
        assert "uploading 2 of 9 blobs, 60.0 MB: 1 of 2 layers, 12.0 of 60.0 MB" in terminal.frame
        view.say("waiting for signatures")
        assert "MB" not in terminal.frame


def test_a_folder_that_is_gone_takes_nothing_from_the_view(clock: Clock) -> None:
    def gone() -> str:
        raise FileNotFoundError

    terminal = Terminal()
    with terminal.view.working("build"):
        terminal.view.say("building")
        terminal.view.watch(gone)
        assert "building" in terminal.frame


def test_a_stage_that_is_left_out_is_skipped_and_says_why() -> None:
    terminal = Terminal()
    terminal.view.leave_out("ecr-push", "a pull request is checked, never released")
    assert "ecr-push       skipped" in terminal.frame
    assert "never released" in terminal.frame


def test_an_early_stage_whose_turn_never_came_was_stopped(clock: Clock) -> None:
    terminal = Terminal()
    with terminal.view.live():
        terminal.view.starts_early("sbom")
    assert "✗ sbom           stopped       0.0 s\n" in terminal.frame
    assert "· ecr-push       not run\n" in terminal.frame


def test_a_narrow_terminal_cuts_the_details_and_keeps_a_line_for_each_stage(clock: Clock) -> None:
    terminal = Terminal(width=40)
    with terminal.view.working("build"):
        terminal.view.say("x" * 100)
        lines = terminal.frame.splitlines()
    assert len(lines) == len(STAGES)
    assert max(map(len, lines)) <= 40
    assert lines[1].startswith("● build          running")
    assert lines[1].endswith("…")


@pytest.mark.parametrize("error", [ERRORS["cancelled"](), KeyboardInterrupt(), RuntimeError("a bug")])
def test_whatever_ends_a_delivery_the_cursor_comes_back_below_the_stages(error: BaseException) -> None:
    terminal = Terminal()
    with pytest.raises(type(error)), terminal.view.live(), terminal.view.working("build"):
        raise error
    written = terminal.sink.getvalue()
    assert written.index("\x1b[?25l") < written.rindex(SHOW_CURSOR)
    assert written.rpartition(SHOW_CURSOR)[0].endswith("\n")


def test_a_terminal_that_went_away_ends_no_delivery(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    terminal = Terminal()

    def gone(_: str) -> int:
        raise OSError

    monkeypatch.setattr(terminal.sink, "write", gone)
    play(terminal.view, end_of("released", CASES["released"]), clock)


def test_what_the_end_says_of_an_error_is_not_said_again(clock: Clock) -> None:
    terminal = Terminal()
    error = BuildFailed("x", why="one\ntwo", fix="z")
    terminal.view.conclude(DeliveryEnd(CASES["failed"], FOLDER, error))
    before = terminal.sink.getvalue()
    assert "why         one\n            two\n" in before
    terminal.view.error(error)
    assert terminal.sink.getvalue() == before


def test_warnings_stand_at_the_end_and_findings_only_by_the_change_that_fixes_them(clock: Clock) -> None:
    terminal = Terminal()
    terminal.view.warn("the exception ends soon")
    terminal.view.finding("CRITICAL CVE-1 in a")
    terminal.view.conclude(end_of("vulnerabilities", CASES["vulnerabilities"]))
    assert terminal.sink.getvalue().startswith("  warning: the exception ends soon\n")
    assert "CVE-1 in a" not in terminal.sink.getvalue()


@given(HOSTILE)
def test_nothing_that_a_stage_says_is_markup_or_an_escape(text: str) -> None:
    terminal = Terminal()
    with terminal.view.working("build"):
        terminal.view.say(text)
        assert "\x1b" not in terminal.frame
        assert len(terminal.frame.splitlines()) == len(STAGES)
