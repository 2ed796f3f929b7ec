"""Whether a response of a double is one that AWS could give: the checks of `goldenpath local`, for any service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.local.aws.shapes import mismatches, service_model, unknown_values

if TYPE_CHECKING:
    from botocore.model import OperationModel

service = service_model


class ShapeMismatchError(AssertionError):
    """A double gave a response, or was sent a value, that the service description does not have."""


def operation(name: str, service_name: str = "ecr") -> OperationModel:
    """Return the description of an operation, like `DescribeImages`."""
    return service(service_name).operation_model(name)


def checked(name: str, response: dict[str, Any], service_name: str = "ecr") -> dict[str, Any]:
    """Return `response` of the operation `name`. Raises `ShapeMismatchError` when AWS could not have given it."""
    if mistakes := mismatches(name, response, service_name):
        raise ShapeMismatchError(mistakes)
    return response


def wrong_values(name: str, request: dict[str, Any], service_name: str = "ecr") -> list[str]:
    """Return a sentence for each value of `request` that the operation `name` does not know: AWS refuses them."""
    return list(unknown_values(request, operation(name, service_name).input_shape, name))
