"""How a refusal by AWS becomes Terraform's diagnostic instead of a broken connection."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


def reported(act: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what AWS refuses during `act` into an error of the context that `act` was given; the old state stays."""

    @functools.wraps(act)
    def guarded(resource: Any, ctx: Any, *states: Any) -> Any:  # noqa: ANN401  the library is untyped
        try:
            return act(resource, ctx, *states)
        except (BotoCoreError, ClientError) as error:
            ctx.diagnostics.add_error(f"{act.__name__} {ctx.type_name}: {error}")
            return states[0] if act.__name__ != "create" else None

    return guarded
