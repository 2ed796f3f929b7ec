"""Whether a response of a double is one that AWS could give, by botocore's own description of the service.

botocore checks types and fields only; the values of enumerations are checked here.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, ServiceModel, Shape


class ShapeMismatchError(AssertionError):
    """A double gave a response, or was sent a value, that the service description does not have."""


@functools.cache
def service(name: str) -> ServiceModel:
    """Return botocore's description of a service, like `ecr`."""
    return botocore.session.get_session().get_service_model(name)


def operation(name: str, service_name: str = "ecr") -> OperationModel:
    """Return the description of an operation, like `DescribeImages`."""
    return service(service_name).operation_model(name)


def checked(name: str, response: dict[str, Any], service_name: str = "ecr") -> dict[str, Any]:
    """Return `response` of the operation `name`. Raises `ShapeMismatchError` when AWS could not have given it."""
    shape = operation(name, service_name).output_shape
    assert shape is not None
    mistakes = list(_unknown(response, shape, name))
    report = ParamValidator().validate(response, shape).generate_report()
    # Limits of length are those of requests: a list of what was deleted may be empty.
    mistakes += [line for line in report.splitlines() if not line.startswith("Invalid length")]
    if mistakes:
        raise ShapeMismatchError("; ".join(mistakes))
    return response


def wrong_values(name: str, request: dict[str, Any], service_name: str = "ecr") -> list[str]:
    """Return a sentence for each value of `request` that the operation `name` does not know: AWS refuses them."""
    shape = operation(name, service_name).input_shape
    assert shape is not None
    return list(_unknown(request, shape, name))


def _unknown(value: Any, shape: Shape, path: str) -> Iterator[str]:  # noqa: ANN401  any value of JSON
    match shape.type_name, value:
        case "structure", dict():
            members: dict[str, Shape] = shape.members  # type: ignore[attr-defined]
            yield from (f"{path} has no field {key}" for key in value if key not in members)
            for key, item in value.items():
                if key in members:
                    yield from _unknown(item, members[key], f"{path}.{key}")
        case "list", list():
            for item in value:
                yield from _unknown(item, shape.member, path)  # type: ignore[attr-defined]
        case "string", str() if (words := getattr(shape, "enum", None)) and value not in words:
            yield f"{path} is {value}, not one of {', '.join(words)}"
