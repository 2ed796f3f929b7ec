from __future__ import annotations

import pytest
from click.testing import CliRunner

from goldenpath import input_options
from goldenpath.delivery.model import inputs, job_inputs
from goldenpath.shared import masks

LISTED = (inputs.ENVIRONMENT, job_inputs.COMPARE_RELEASED, inputs.SECRET, inputs.GITHUB_TOKEN)


def given(*words: str, **variables: str) -> dict[str, str]:
    """Return what the command passes on of its `words` and the `variables`."""
    passed: list[dict[str, str]] = []
    command = input_options.command("stage", "Do it.", LISTED, passed.append)
    done = CliRunner(env=variables).invoke(command, words)
    assert (done.exit_code, len(passed)) == (0, 1), done.output
    return passed[0]


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        ((), None),
        (("--compare-released",), "true"),
        (("--compare-released", "false"), "false"),
        (("--compare-released", "--environment", "dev"), "true"),
    ],
)
def test_what_is_switched_on_needs_no_word_and_takes_one(words: tuple[str, ...], passed: str | None) -> None:
    assert given(*words).get("compare_released") == passed


def test_lines_of_a_variable_are_repeated_options() -> None:
    lines = "id=npm,env=NPM_TOKEN\nid=rc,src=a file"
    assert given(GOLDENPATH_SECRET=lines)["secret"] == lines
    assert given(*(f"--secret={line}" for line in lines.split("\n")))["secret"] == lines


def test_a_secret_has_no_option_and_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "_secrets", set())
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_x")
    assert given()["github_token"] == "ghs_x"
    assert masks.masked("the token ghs_x of it") == "the token *** of it"
    command = input_options.command("stage", "Do it.", LISTED, lambda _: None)
    assert "github_token" not in {parameter.name for parameter in command.params}
