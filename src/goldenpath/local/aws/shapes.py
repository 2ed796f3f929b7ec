"""Check responses with botocore itself: the SDK's model of a service says which fields and values they may have.

A client of the SDK drops a field that it does not know, so a response of the wrong shape would go unnoticed there.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session  # noqa: TID251  the model only, here and below: nothing is connected to
from botocore.model import OperationNotFoundError  # noqa: TID251
from botocore.validate import ParamValidator  # noqa: TID251

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import ServiceModel  # noqa: TID251


@cache
def service_model(name: str = "ecr") -> ServiceModel:
    """Return the SDK's model of the service `name`."""
    return botocore.session.get_session().get_service_model(name)


def mismatches(operation: str, body: dict[str, Any], service: str = "ecr") -> str:
    """Return how `body` differs from the output shape of `operation`; empty where it fits.

    Reported are unknown fields, wrong types, unknown values and fields that the model requires, at any depth.
    """
    try:
        shape = service_model(service).operation_model(operation).output_shape
    except OperationNotFoundError:
        return f"{service.upper()} has no operation {operation}"
    if shape is None:
        return ""
    report = str(ParamValidator().validate(body, shape).generate_report()).splitlines()
    # Limits are for requests: ECR lists no image of an empty repository, and the model wants one at least.
    wrong = [line for line in report if not line.startswith(("Invalid length", "Invalid range"))]
    return "\n".join((*wrong, *unknown_values(body, shape, operation)))


def unknown_values(value: Any, shape: Any, path: str) -> Iterator[str]:  # noqa: ANN401  any JSON, any shape
    """Yield a sentence for each text in `value` that an enumeration of `shape` lacks: botocore checks only types."""
    match shape.type_name, value:
        case "structure", dict():
            for name in value.keys() & shape.members.keys():
                yield from unknown_values(value[name], shape.members[name], f"{path}.{name}")
        case "list", list():
            for item in value:
                yield from unknown_values(item, shape.member, path)
        case "string", str() if shape.enum and value not in shape.enum:
            yield f"{path} is {value}, not one of {', '.join(shape.enum)}"
