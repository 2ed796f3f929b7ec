"""The command of a stage: its inputs as options, and as the variables by which a workflow gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.shared import input_text, masks, runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.delivery.model.inputs import Input


def command(name: str, text: str, listed: Sequence[Input], act: Callable[[dict[str, str]], object]) -> click.Command:
    """Return the command `name`, which calls `act` with the text of every input in `listed` that was given.

    A secret has no option: whoever may list the programs of a machine sees their arguments. It comes by its variable.
    """

    def callback(**given: Any) -> object:  # noqa: ANN401  click passes every option by name
        raw = {key: "\n".join(value) if isinstance(value, tuple) else value for key, value in given.items() if value}
        secrets = {
            declared.name: runner.variables().get(declared.variable, "") for declared in listed if declared.secret
        }
        masks.hide("\n".join(secrets.values()))
        return act({**raw, **secrets})

    return click.Command(
        name, callback=callback, help=text, params=[_option(declared) for declared in listed if not declared.secret]
    )


class _Line(click.types.StringParamType):
    """A text of one line: a variable holds several, and may hold spaces in each."""

    envvar_list_splitter = "\n"


def _option(declared: Input) -> click.Option:
    required = " [required]" if declared.required else ""
    # What somebody switches on needs no word after its option.
    is_switch = declared.parse is input_text.yes_or_no and declared.default == "false"
    alone: dict[str, Any] = {"is_flag": False, "flag_value": "true"} if is_switch else {}
    return click.Option(
        [declared.option, declared.name],
        help=declared.help + (f" [default: {declared.default}]" if declared.default else required),
        envvar=declared.variable,
        show_envvar=True,
        required=False,
        multiple=declared.repeated,
        type=_Line(),
        metavar=declared.name.rpartition("_")[2].upper(),
        **alone,
    )
