"""`goldenpath completion`: the words that a shell offers, of commands and options, and of values that are known.

click writes the scripts and speaks with the shells; this module knows the values. Whatever a shell is offered comes
from the platform: a value that a stranger chose, like the id of a finding, could be a pattern that the shell expands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
SHELLS = tuple(_SHELLS)
_PROGRAM, _VARIABLE = "goldenpath", "_GOLDENPATH_COMPLETE"
# As `shell_complete` of click has them: the shell itself completes names of files and folders.
_FOLDER, _FILE = "dir", "file"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> dict[str, str]:
    """Print the script by which SHELL completes commands, options, environments and error codes.

    \b
    bash: eval "$(goldenpath completion bash)"   in ~/.bashrc
    zsh:  eval "$(goldenpath completion zsh)"    in ~/.zshrc, after compinit
    fish: goldenpath completion fish | source    in ~/.config/fish/config.fish
    """  # noqa: D301  click reads the sign itself
    script = _SHELLS[shell](click.get_current_context().find_root().command, {}, _PROGRAM, _VARIABLE).source()
    click.echo(script)
    return {"shell": shell, "script": script}


class KnownValues(click.types.StringParamType):
    """A text for which a shell offers values. Any other text is taken, too: the command itself judges it.

    A variable that holds several has one a line, and may have spaces in each.
    """

    envvar_list_splitter = "\n"

    def __init__(self, values: Callable[[], Iterable[str]]) -> None:
        self._values = values

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002  click's
        """Return the values that begin with `incomplete`."""
        return [CompletionItem(value) for value in self._values() if value.startswith(incomplete)]


class PathText(click.types.StringParamType):
    """A path as text, for which a shell offers files or folders."""

    envvar_list_splitter = "\n"

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002  click's
        """Return that the shell is to complete a path."""
        return [CompletionItem(incomplete, type=self._kind)]


def environments() -> Iterable[str]:
    """Return the environments of the platform's policy."""
    from importlib import resources  # noqa: PLC0415  only where a shell asks

    import yaml  # noqa: PLC0415  only where a shell asks

    # Not checked against its schema: a shell wants its words at once.
    text = resources.files("goldenpath.policy").joinpath("environments.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text)["environments"])


def error_codes() -> Iterable[str]:
    """Return the code of every error."""
    from goldenpath.shared import error_pages  # noqa: PLC0415  only where a shell asks

    return error_pages.kinds()


def tools() -> Iterable[str]:
    """Return the name of every pinned program."""
    from goldenpath.shared.toolchain import Toolchain  # noqa: PLC0415  only where a shell asks

    return (tool.name for tool in Toolchain.load().entries())


_ENVIRONMENTS = KnownValues(environments)
# By the name of a parameter, which means the same in every command.
_TYPES: dict[str, click.types.StringParamType] = {
    "environment": _ENVIRONMENTS,
    "environments": _ENVIRONMENTS,
    "risk": KnownValues(lambda: ("low", "medium", "high")),
    "platforms": KnownValues(lambda: ("linux/amd64", "linux/arm64", "linux/amd64,linux/arm64")),
    "push_latest": KnownValues(lambda: ("true", "false")),
    "word": KnownValues(error_codes),
    "names": KnownValues(tools),
    **dict.fromkeys(("source", "build_context", "work_dir", "candidates", "build_cache"), PathText(_FOLDER)),
    **dict.fromkeys(("dockerfile", "dockerfile_path", "context_artifact"), PathText(_FILE)),
}


def offer_values(command: click.Command) -> None:
    """Let the parameters of `command` that take any text offer the values that are known for their names."""
    for parameter in command.params:
        if isinstance(parameter.type, click.types.StringParamType) and parameter.name in _TYPES:
            parameter.type = _TYPES[parameter.name]
