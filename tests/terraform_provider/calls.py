"""How a refusal by AWS becomes Terraform's diagnostic instead of a broken connection."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


class Halfway(Exception):
    """AWS made the resource, and refused something after it: `state` is what is known of it by then.

    The plugin SDK saves such a resource, and Terraform calls it tainted: the next plan would replace it.
    """

    def __init__(self, state: dict[str, Any], error: Exception) -> None:
        super().__init__(str(error))
        self.state, self.error = state, error


def reported(act: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what AWS refuses during `act` into an error of the context that `act` was given; the old state stays."""

    @functools.wraps(act)
    def guarded(resource: Any, ctx: Any, *states: Any) -> Any:  # noqa: ANN401  the library is untyped
        try:
            return act(resource, ctx, *states)
        except Halfway as halfway:
            ctx.diagnostics.add_error(f"{act.__name__} {ctx.type_name}: {halfway.error}")
            return halfway.state
        except (BotoCoreError, ClientError) as error:
            ctx.diagnostics.add_error(f"{act.__name__} {ctx.type_name}: {error}")
            return states[0] if act.__name__ != "create" else None

    return guarded


def read_back(read: Callable[[], Any], known: dict[str, Any]) -> Any:  # noqa: ANN401  the library is untyped
    """Return what `read` returns of a resource that was just made; where it cannot be read, raise `Halfway`."""
    try:
        return read()
    except (BotoCoreError, ClientError) as error:
        raise Halfway(known, error) from error
