from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from dev.command_tree import every_command

from goldenpath import __version__, cli
from goldenpath.delivery import pipeline
from goldenpath.delivery.model.build_secrets import SecretSource
from goldenpath.delivery.running import execution
from goldenpath.delivery.stage import Stage
from goldenpath.policy import contact
from goldenpath.policy.contact import Contact
from goldenpath.shared import error_pages, masks, verbose
from goldenpath.shared.errors import Cancelled, GateBlocked, LocalTrouble

if TYPE_CHECKING:
    from goldenpath.delivery.model.inputs import Input, Request

STAGES = {stage.name: stage for stage in (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE)}
INPUTS: dict[str, tuple[Input, ...]] = {name: stage.inputs for name, stage in STAGES.items()} | {
    "deliver": pipeline.INPUTS
}


@pytest.fixture(autouse=True)
def _as_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of ours is set, and the signal handlers are put back."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    for each in pipeline.INPUTS:
        monkeypatch.delenv(each.variable, raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    """Run the command and return its exit code and all it printed."""
    code = cli.run(argv)
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, captured.out


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], option: str) -> None:
    code, text = told(capsys, *words, option)
    assert code == 0
    assert text.startswith(f"Usage: {' '.join(('goldenpath', *words))}")


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_takes_verbose(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    switched: list[bool] = []
    monkeypatch.setattr(verbose, "switch", lambda *, on: switched.append(on))
    cli.run([*words, "--verbose", "--help"])
    cli.run([*words, "--help"])
    assert switched == [False, True, False]


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_reports_an_error_as_one_document(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code = cli.run([*words, "--quiet", "--no-such-option", "--json"])
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert code == document["exit_code"] == 2
    assert (document["command"], document["result"]) == (" ".join(words), None)
    assert document["error"] == {
        "code": "bad-input", "what": document["error"]["what"], "why": "",
        "fix": f"See `{' '.join(('goldenpath', *words))} --help`",
        "page": error_pages.address("bad-input"),
    }  # fmt: skip
    assert "--no-such-option" in document["error"]["what"]
    assert captured.err.startswith("error[bad-input]: ")


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_shows_its_options_for_scripts(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    _, text = told(capsys, *words, "--help")
    assert all(f"  {option}  " in text for option in ("--verbose", "--quiet", "--json"))


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("tools", "list"), "tools list"),
        (("explain", "tools"), "explain"),
        (("--quiet", "policy", "show"), "policy show"),
        (("nonsense",), ""),
    ],
)
def test_a_document_names_its_command(capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], name: str) -> None:
    cli.run([*argv, "--json"])
    assert json.loads(capsys.readouterr().out)["command"] == name


def test_a_result_is_a_document_and_what_people_read_goes_to_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path))
    assert cli.run(["tools", "list", "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["schema"] == "goldenpath.command/1"
    assert (document["exit_code"], document["error"]) == (0, None)
    assert {tool["name"]: tool["path"] for tool in document["result"]}["trivy"] == ""
    assert "not installed" in captured.err


def test_an_error_and_what_there_is_of_the_result_are_in_one_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = GateBlocked("blocked", why="w", fix="f")
    error.result = {"ending": "blocked"}

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(execution, "prepare", fail)
    assert cli.run(["build", "--environment", "dev", "--json"]) == 10
    document = json.loads(capsys.readouterr().out)
    assert (document["error"]["code"], document["result"]) == ("gate-blocked", {"ending": "blocked"})


def test_a_bug_is_a_document_too_and_still_raised(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(execution, "prepare", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        cli.run(["build", "--environment", "dev", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_code"], document["error"]["code"], document["error"]["page"]) == (1, "internal", "")


def test_a_command_that_is_not_installed_is_a_document_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'moto'")

    monkeypatch.setattr(cli, "_loaded", missing)
    assert cli.run(["local", "up", "--json"]) == LocalTrouble.exit_code
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "local-trouble"


def test_a_word_behind_two_dashes_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(capsys, "explain", "--", "--json")
    assert (code, text.startswith("error[bad-input]: '--json' is neither")) == (2, True)


def test_quiet_ends_with_the_command_that_was_given_it(capsys: pytest.CaptureFixture[str]) -> None:
    _, quiet = told(capsys, "policy", "validate", "--quiet")
    _, loud = told(capsys, "policy", "validate")
    assert (quiet, loud.startswith("✓ environments.yaml: ")) == ("", True)


def test_a_secret_input_is_masked_before_the_command_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(masks, "_secrets", set())
    monkeypatch.setattr(execution, "prepare", lambda *_args, **_: seen.append(masks.masked("the token abc of it")))
    monkeypatch.setattr(execution, "believing", lambda run, _stage: run)
    monkeypatch.setattr(execution, "run_stage", lambda *_: {})
    monkeypatch.setenv("GITHUB_TOKEN", "abc")
    cli.run(["sarif-upload", "--environment", "dev"])
    assert seen == ["the token *** of it"]


@pytest.mark.parametrize("name", INPUTS)
def test_the_help_of_a_command_names_every_input_and_its_variable(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _, text = told(capsys, name, "--help")
    shown = " ".join(text.split())
    for each in INPUTS[name]:
        assert (f"{each.option} " in shown) is not each.secret
        assert (f"env var: {each.variable}" in shown) is not each.secret
        assert each.secret or " ".join(each.help.split()) in shown


def test_the_help_lists_every_stage_in_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = told(capsys, "--help")
    listed = re.findall(r"^  ([a-z-]+)  ", text.partition("Commands:")[2], re.MULTILINE)
    assert {*STAGES, "deliver", "local", "tools"} <= set(listed)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--version") == (0, f"goldenpath, version {__version__}\n")


@pytest.mark.parametrize(
    ("argv", "what", "command"),
    [
        (("deliver", "--enviroment", "dev"), "No such option '--enviroment'", "goldenpath deliver"),
        (("delivver",), "No such command 'delivver'", "goldenpath"),
        (("build", "extra"), "Got unexpected extra argument (extra)", "goldenpath build"),
        (("build", "--version"), "Option '--version' requires an argument", "goldenpath build"),
        (("tools", "instal"), "No such command 'instal'", "goldenpath tools"),
        (("explain",), "Missing argument 'WORD'", "goldenpath explain"),
    ],
)
def test_a_slip_of_the_fingers_is_told_as_any_other_bad_input(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], what: str, command: str
) -> None:
    code, text = told(capsys, *argv)
    assert code == 2
    first, *rest = text.splitlines()
    assert first.startswith(f"error[bad-input]: {what}")
    assert rest == [f"  do:  See `{command} --help`", "  more: goldenpath explain bad-input"]


@pytest.mark.parametrize("words", [(), ("release",), ("tools",)], ids=" ".join)
def test_a_command_that_was_not_said_whole_explains_itself(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, text = told(capsys, *words)
    assert code == 2
    assert text.startswith(f"Usage: {' '.join(('goldenpath', *words))} ")
    assert "error[" not in text


def test_all_bad_inputs_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(capsys, "deliver", "--ecr-repository", "NO", "--role-arn", "x")
    assert code == 2
    assert text.splitlines()[0] == "error[bad-input]: 3 inputs cannot be used"
    assert text.count("\n") == 4


def test_an_environment_that_does_not_exist_is_told_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, text = told(capsys, "build", "--environment", "produktion")
    assert (code, text) == (
        3,
        (
            "error[unknown-environment]: There is no environment 'produktion'\n"
            "  why: The platform knows local, dev, test, staging, prod\n"
            "  do:  Name one of them with --environment (in a workflow: `environment:`)\n"
            "  more: goldenpath explain unknown-environment\n"
        ),
    )


def test_an_input_comes_by_its_variable_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDENPATH_ENVIRONMENT", "mars")
    assert told(capsys, "gitleaks-gate")[0] == 3


def test_an_empty_variable_is_an_input_that_was_not_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow sets every variable, also for inputs that nobody filled."""
    monkeypatch.setenv("GOLDENPATH_ENVIRONMENT", "")
    code, text = told(capsys, "gitleaks-gate")
    assert (code, "`environment` is missing" in text) == (2, True)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Return where the request of each command arrives; nothing else happens."""
    seen: list[Request] = []
    monkeypatch.setattr(execution, "prepare", lambda request, _here, _progress, **_: seen.append(request))
    monkeypatch.setattr(execution, "believing", lambda run, _stage: run)
    monkeypatch.setattr(execution, "run_stage", lambda *_: {})
    monkeypatch.setattr(pipeline, "deliver", lambda *_: {})
    return seen


def test_a_secret_comes_by_its_variable_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, requests: list[Request]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_x")
    assert told(capsys, "sarif-upload", "--environment", "prod") == (0, "")
    assert requests[0].github_token == "ghs_x"
    code, text = told(capsys, "sarif-upload", "--github-token", "ghs_y")
    assert (code, "No such option" in text) == (2, True)
    assert "ghs_y" not in text


@pytest.mark.parametrize("by_variable", [True, False])
def test_an_option_can_be_repeated_and_its_variable_has_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, requests: list[Request], *, by_variable: bool
) -> None:
    given = ("id=npm,env=NPM_TOKEN", "id=rc,src=a file")
    words = [] if by_variable else [f"--secret={each}" for each in given]
    monkeypatch.setenv("GOLDENPATH_SECRET", "\n".join(given) if by_variable else "")
    assert told(capsys, "build", "--environment", "dev", *words) == (0, "")
    assert requests[0].secret == (SecretSource("npm", variable="NPM_TOKEN"), SecretSource("rc", file="a file"))


def test_an_option_wins_over_its_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, requests: list[Request]
) -> None:
    monkeypatch.setenv("GOLDENPATH_ENVIRONMENT", "prod")
    told(capsys, "deliver", "--environment", "dev", "--ecr-repository", "my-app")
    assert requests[0].environment == "dev"


@pytest.mark.parametrize(
    ("failure", "code", "text"),
    [
        (GateBlocked("blocked", why="w", fix="f"), 10, "[gate-blocked]: blocked\n  why: w\n  do:  f\n"),
        (Cancelled("stopped", fix="f"), 130, "[cancelled]: stopped\n  do:  f\n"),
        (click.Abort(), 130, "[cancelled]: The run was interrupted\n  do:  Run it again\n"),
    ],
)
def test_what_ends_a_run_is_told_and_is_its_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, failure: Exception, code: int, text: str
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(execution, "prepare", fail)
    more = f"  more: goldenpath explain {text[1 : text.index(']')]}\n"
    assert told(capsys, "build", "--environment", "dev") == (code, f"error{text}{more}")


def test_in_a_workflow_run_the_error_is_an_annotation_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise GateBlocked("bad\n::error::\n##[x] name", fix="f")

    monkeypatch.setattr(execution, "prepare", fail)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    _, text = told(capsys, "build", "--environment", "dev")
    commands = [line for line in text.splitlines() if line.startswith("::")]
    said = "bad%0A\\x3a:error::%0A\\x23#[x] name. f."
    assert commands == [f"::error title=gate-blocked::{said} More: {error_pages.address('gate-blocked')}"]
    assert "##[" not in text


def test_who_can_help_is_the_last_line_and_in_the_annotation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr(
        contact, "of_platform", lambda: Contact("Platform\x1b team", "https://wiki.example.com/", "#ask")
    )

    def blocked() -> None:
        raise GateBlocked("trivy blocks", fix="Fix it")

    cli.guarded(blocked)
    *_, last, annotation = capsys.readouterr().out.splitlines()
    assert last == "  help: Platform\\x1b team, #ask, https://wiki.example.com/"
    assert annotation.endswith(" Help: Platform\\x1b team, #ask, https://wiki.example.com/")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_unwinds_and_a_second_one_does_not_cut_the_undo_short(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    undone = []

    def interrupted(*_: object) -> None:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            undone.append(True)

    monkeypatch.setattr(execution, "prepare", interrupted)
    code, text = told(capsys, "build", "--environment", "dev")
    assert undone == [True]
    assert (code, text.splitlines()[0]) == (130, f"error[cancelled]: The run was stopped by {number.name}")


def test_tools_that_are_not_here_are_listed_as_that(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path))
    code, text = told(capsys, "tools", "list")
    assert code == 0
    assert {line.split()[0] for line in text.splitlines()} >= {"gitleaks", "trivy", "syft", "buildx"}
    assert all(line.endswith("not installed") for line in text.splitlines())
    assert told(capsys, "tools", "verify") == (0, "")


def test_a_tool_that_nobody_knows_is_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path))
    code, text = told(capsys, "tools", "install", "curl")
    assert (code, "error[bad-input]: 'curl' is not a tool of this project" in text) == (2, True)


def test_main_exits_with_the_code_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0


def test_a_stage_is_its_command_by_the_same_name() -> None:
    listed = cli.goldenpath.list_commands(click.Context(cli.goldenpath))
    for name, stage in STAGES.items():
        assert isinstance(stage, Stage)
        assert name in listed


def test_the_list_of_commands_says_what_each_command_says_of_itself() -> None:
    context, unlimited = click.Context(cli.goldenpath), 1000
    loaded = {name: cli.goldenpath.get_command(context, name) for name in cli.goldenpath.list_commands(context)}
    said = {name: each.get_short_help_str(limit=unlimited) for name, each in loaded.items() if each is not None}
    assert said == dict(cli.SHORT_HELP)
