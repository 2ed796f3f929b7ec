from __future__ import annotations

import click
import pytest
from click.shell_completion import ShellComplete

from goldenpath import cli, completion
from goldenpath.policy import environments
from goldenpath.shared import error_pages


def offered(*words: str) -> list[str]:
    """Return what a shell offers for the last of `words`."""
    shell = ShellComplete(cli.goldenpath, {}, "goldenpath", "_GOLDENPATH_COMPLETE")
    return [item.value for item in shell.get_completions([*words[:-1]], words[-1])]


@pytest.mark.parametrize(
    "words",
    [("deliver",), ("trivy-gate",), ("policy", "explain"), ("registry", "plan"), ("local", "up"), ("doctor",),
     ("iam", "trust-policy")],
    ids=" ".join,
)  # fmt: skip
def test_an_environment_is_one_of_the_policy_in_every_command(words: tuple[str, ...]) -> None:
    assert offered(*words, "--environment", "") == list(environments.read()["environments"])


def test_an_error_is_offered_by_its_code() -> None:
    assert offered("explain", "") == list(error_pages.kinds())
    assert offered("explain", "gate-") == ["gate-blocked"]


def test_a_program_is_one_that_is_pinned() -> None:
    assert offered("tools", "install", "gitl") == ["gitleaks"]
    assert offered("tools", "install", "trivy", "sy") == ["syft"]


@pytest.mark.parametrize(
    ("option", "kind"), [("--source", "dir"), ("--dockerfile-path", "file"), ("--work-dir", "dir")]
)
def test_a_path_is_left_to_the_shell(option: str, kind: str) -> None:
    shell = ShellComplete(cli.goldenpath, {}, "goldenpath", "_GOLDENPATH_COMPLETE")
    assert [item.type for item in shell.get_completions(["deliver", option], "s")] == [kind]


def test_the_list_of_commands_loads_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_COMMANDS", {})
    assert offered("re") == ["registry", "release", "report", "rescan"]
    assert offered("--js") == ["--json"]


def test_a_secret_has_no_option_that_a_shell_could_keep_in_its_history() -> None:
    assert not [option for option in offered("deliver", "--") if "token" in option or "login" in option]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_script_of_a_shell_asks_this_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_GOLDENPATH_COMPLETE={shell}_complete" in script


def test_a_shell_that_is_not_known_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["completion", "tcsh"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().out


def test_what_is_offered_does_not_limit_what_is_taken() -> None:
    kind = completion.KnownValues(lambda: ("dev",))
    assert kind.convert("mars", None, click.Context(click.Command("x"))) == "mars"
    assert kind.split_envvar_value("a b\nc") == ["a b", "c"]
