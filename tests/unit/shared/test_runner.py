from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.shared.errors import BadInput
from goldenpath.shared.runner import Runner


def read_outputs(text: str) -> dict[str, str]:
    """Read an output file as the runner does (actions/runner, FileCommandManager)."""
    outputs, lines = {}, text.split("\n")
    while lines and (line := lines.pop(0)):
        name, _, mark = line.partition("<<")
        value = []
        while (line := lines.pop(0)) != mark:
            value.append(line)
        outputs[name] = "\n".join(value)
    return outputs


@pytest.mark.parametrize("value", ["x", "", "a\nb", "x\nforged=1\n", "EOF\nforged<<EOF\n1\nEOF", "ghadelimiter_1"])
def test_no_value_of_an_output_can_forge_another(tmp_path: Path, value: str) -> None:
    runner = Runner(in_actions=True, output_file=tmp_path / "out")
    runner.set_outputs({"one": value, "two": "2"})
    assert read_outputs((tmp_path / "out").read_text()) == {"one": value, "two": "2"}


def test_an_annotation_escapes_what_would_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    Runner(in_actions=True).annotate("error", "100%\nbad", title="a,b:c", file="x.py", line=3)
    assert capsys.readouterr().out == "::error title=a%2Cb%3Ac,file=x.py,line=3::100%25%0Abad\n"


def test_every_line_of_a_secret_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    Runner(in_actions=True).mask("one\ntwo\n")
    assert capsys.readouterr().out == "::add-mask::one\n::add-mask::two\n"


def test_outside_of_a_run_nothing_is_printed_or_written(capsys: pytest.CaptureFixture[str]) -> None:
    runner = Runner()
    runner.mask("s")
    runner.annotate("error", "x")
    runner.set_outputs({"a": "1"})
    runner.append_summary("x")
    assert capsys.readouterr().out == ""


def test_a_broken_event_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        Runner.read({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
