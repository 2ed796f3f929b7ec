"""Whatever a stranger writes into an input, a commit, a branch or a file's name: nothing is executed, nothing forged.

Inputs travel here as they do in a workflow: by the variables that an action sets, into the command.
"""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import step_outputs
from tests.tools import apps

from goldenpath import cli
from goldenpath.delivery import pipeline
from goldenpath.shared import errors, process
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.delivery.model.inputs import Input
    from goldenpath.delivery.stage import Stage
    from goldenpath.local.server import Local
    from goldenpath.shared.process import Completed

pytestmark = pytest.mark.tools

CANARY = "canary"
# What would run, were the value given to a shell, a program's options, or a template.
_ACTS = (
    "$(touch {c})", "`touch {c}`", "; touch {c}", "&& touch {c}", "| touch {c}", "'; touch {c}; '", '"; touch {c}; "',
    "\ntouch {c}\n", "${{IFS}}touch${{IFS}}{c}", "$((1))$(touch {c})", "<(touch {c})", "() {{ :; }}; touch {c}",
    "--output=type=local,dest={c}", "-o{c}", "--config={c}", "--upload-pack=touch {c}", "-", "--", "--help", "-rf",
    "${{{{ github.token }}}}", "{{{{ 7*7 }}}}", "%(touch {c})s", "$GITHUB_ENV", "~/{c}", "*", "!!",
)  # fmt: skip
# What would be a command to the runner, or end a value in one of its files.
_COMMANDS = (
    "::set-output name=image::evil", "\n::set-output name=image::evil", "\r::error::evil", "%0A::error::evil",
    "%0D%0A::add-mask::evil", "::stop-commands::x", "\n::add-path::/evil", "##[set-env name=P]evil", "\n##[error]evil",
    "x\nimage=evil", "x\nimage<<EOF\nevil\nEOF", "EOF", "\ngoldenpath_\n", "\u2028::error::evil", "\x85::error::evil",
    "\x0b::error::evil", "\x0c::error::evil", " ::error::evil", "\t::error::evil", "\u00a0::error::evil",
)  # fmt: skip
_SHAPES = (
    "\u202e evil", "\u2066evil\u2069", "\u200f", "\ufeff", "\x01", "\x1b[2J", "\x1b]0;evil\x07", "\x7f",
    "\x9b31m", "e\u0301" * 50, "\U0001f600", "\uff41\uff50\uff50", "\u0430pp", "app\u200b",
    "'", '"', "\\", "'\"'\"", " ", "\t", "\n",
    "\r\n", "a" * 300, "a" * 70_000, "é" * 4_000, "../" * 40 + "etc/passwd", "..", "/", "/etc/passwd", "/dev/zero",
    "/proc/self/environ", "file:///etc/passwd", "\\\\host\\share", "C:\\evil", "./-rf", "a/../../b", ".git/config",
    "null", "true", "0", "-1", "1e999", "NaN", "[]", "{}", "*", "&a", "!!python/object:x", "<!--", "]]>", "<script>",
    "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "@everyone", "| a | b |", "```", "# x", "=", "a=", "=a",
    "a,b,,c", "https://evil.example/x?y=z#w", "arn:aws:iam::123456789012:role/../x", "sha256:" + "0" * 63,
)  # fmt: skip
VALUES = tuple(dict.fromkeys([
    *(value.format(c=CANARY) for value in _ACTS), *_COMMANDS, *_SHAPES,
    *(f"{before}{value.format(c=CANARY)}" for before, value in itertools.product(("dev", "app", "A=", "v1"), _ACTS)),
]))  # fmt: skip
assert len(VALUES) == 218

_CODES = {error.exit_code for error in errors.GoldenPathError.__subclasses__()}
# A line that the runner would obey; the first kind is ours, and has one form.
_OBEYED = re.compile(r"^\s*::(?!(error|warning)( title=[a-z-]+)?::|add-mask::)|##\[", re.MULTILINE)
STAGES = (*pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE)
# An input is read the same way by every stage: all values for the first that takes it, some for the others.
TAKEN_FIRST = {field: stage.name for stage in reversed(STAGES) for field in stage.inputs}
COMMANDS = [(stage, field) for stage in STAGES for field in stage.inputs]


@dataclass(frozen=True)
class Step:
    """A step of a workflow run, in this process: its files, and the folder that nothing may be written into."""

    folder: Path
    variables: dict[str, str]

    @property
    def forged(self) -> dict[str, str]:
        """What is in the files that only the runner's protocol may fill."""
        files = (self.folder / name for name in ("env", "path", "state"))
        return {file.name: file.read_text() for file in files if file.read_text()}

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs as the runner reads them."""
        return step_outputs.read(self.folder / "output")


def once(run: Callable[..., Completed]) -> Callable[..., Completed]:
    """Return `run` that starts one command one time. The repository stays as it is, and each value asks git the same.

    A value that reached a command would make another one of it, which is run.
    """
    ended: dict[str, Completed] = {}

    def run_once(*command: object, **options: object) -> Completed:
        started = repr((command, options))
        if started not in ended:
            ended[started] = run(*command, **options)
        return ended[started]

    return run_once


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Step]:
    """A step whose checkout is a real repository, and in which no program but git is there to be started."""

    def missing(_: Toolchain, name: str) -> None:
        raise errors.ToolMissing(f"{name} is not here", fix="install it")

    app = apps.make(tmp_path / "app")
    variables = apps.event(tmp_path / "runner", app) | {
        f"GITHUB_{name.upper()}": str(tmp_path / "runner" / name) for name in ("env", "path", "state", "output")
    }
    for name in ("env", "path", "state", "output", "summary"):
        (tmp_path / "runner" / name).write_text("")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(app.folder)
    monkeypatch.setattr(Toolchain, "provide", missing)
    monkeypatch.setattr(process, "run", once(process.run))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    yield Step(tmp_path / "runner", variables)
    assert not list(tmp_path.rglob(CANARY))


@pytest.mark.parametrize(
    ("stage", "declared"), COMMANDS, ids=[f"{stage.name}-{field.name}" for stage, field in COMMANDS]
)
def test_no_value_of_an_input_does_more_than_be_refused(
    step: Step, stage: Stage, declared: Input, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for field in stage.inputs:
        right = {"environment": "dev", "ecr_repository": "my-app"}.get(field.name, "")
        monkeypatch.setenv(field.variable, right)
    for value in VALUES if TAKEN_FIRST[declared] == stage.name else VALUES[::17]:
        monkeypatch.setenv(declared.variable, value)
        code = cli.run([stage.name])
        printed = capfd.readouterr()
        case = ascii(value[:80])
        assert code in {0, *_CODES} - {1}, (case, printed)
        assert "Traceback" not in printed.out + printed.err, case
        assert not _OBEYED.search(printed.out + printed.err), (case, printed.out)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed.out), (
            case,
            printed.out,
        )
        assert ("error[" in printed.out) is (code != 0), case
        assert len(printed.out) < 40_000, case
    assert step.forged == {}
    assert set(step.outputs) <= set(stage.outputs)
    assert "evil" not in "".join(step.outputs.values())
    assert "touch" not in (step.folder / "summary").read_text()


HOSTILE_FILES = (
    "$(touch canary).py", "`touch canary`.py", "-rf.py", "a\n::set-output name=image::evil.py", "a b;touch canary.py",
    "\u202egnp.py", "%0A::error::evil.py", "[x](javascript:1)|<img src=x>.py", "@everyone.py", "'\".py",
)  # fmt: skip


@pytest.mark.parametrize("branch", ["x$(touch${IFS}canary)", "x;touch-canary", "x'\"`id`", "\u202egnp", "x%0Aerror"])
def test_hostile_names_of_files_branches_and_commits_are_shown_and_never_obeyed(
    goldenpath: Command, emulator: Local, app: App, repository: str, tmp_path: Path, branch: str,
    hostile_commit: Callable[[App, str], list[str]],
) -> None:  # fmt: skip
    tokens = hostile_commit(app, branch)
    variables = apps.event(tmp_path / "runner", app, ref=f"refs/heads/{branch}")
    done = goldenpath.run(
        "deliver", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}", more=variables
    ).ok()
    summary = (tmp_path / "runner" / "summary").read_text()
    assert not _OBEYED_WITH_PLACES.search(done.text), done.text
    assert not [token for token in tokens if token in done.text + summary]
    assert "<img" not in summary
    assert "@everyone" not in summary.replace("`@everyone.py:1`", "")  # code mentions nobody
    assert "\n::" not in summary
    assert "evil" not in emulator.tags(repository)
    assert step_outputs.read(tmp_path / "runner" / "output")["image"].startswith(emulator.registry_host)
    assert not list(tmp_path.rglob(CANARY))
    assert not Path(CANARY).exists()


_OBEYED_WITH_PLACES = re.compile(
    r"^\s*::(?!((error|warning|notice)( (title|file|line)=[^:\n]*)?::|add-mask::))|##\[", re.MULTILINE
)


@pytest.fixture
def hostile_commit() -> Callable[[App, str], list[str]]:
    """Commit a secret in each of several files with hostile names, on a branch of such a name."""

    def act(app: App, branch: str) -> list[str]:
        tokens = []
        for name in HOSTILE_FILES:
            tokens.append(apps.secret())
            app.write(name, f'TOKEN = "{tokens[-1]}"\n')
        app.git("checkout", "--quiet", "-b", branch)
        app.save("$(touch canary)\n\n::set-output name=image::evil\n%0A::error::evil\u202e")
        return tokens

    return act
