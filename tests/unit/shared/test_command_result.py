from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.shared import command_result, error_pages
from goldenpath.shared.command_result import CommandResult
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    import pytest


def test_an_error_is_described_with_its_page() -> None:
    described = command_result.described(BadInput("what", why="why", fix="fix"))
    assert (described.code, described.what, described.why, described.fix) == ("bad-input", "what", "why", "fix")
    assert described.page == error_pages.address("bad-input")


def test_everything_that_is_printed_beside_the_document_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with command_result.document_on_stdout() as stdout:
        print("a line")  # noqa: T201  what is tested
        command_result.write(CommandResult("tools list", 0, result=[{"path": Path("/a")}]), stdout)
    captured = capsys.readouterr()
    assert captured.err == "a line\n"
    assert json.loads(captured.out) == {
        "command": "tools list", "exit_code": 0, "error": None, "result": [{"path": "/a"}],
        "schema": "goldenpath.command/1",
    }  # fmt: skip
    assert sys.stdout is not sys.stderr


def test_a_reader_that_went_away_ends_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    command_result.write(CommandResult("x", 0), Gone())
