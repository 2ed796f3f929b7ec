"""Check the emulator's responses with botocore itself: the SDK's model of ECR says which fields a response may have.

A client of the SDK drops a field that it does not know, so a response of the wrong shape would go unnoticed there.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session  # noqa: TID251  the model only, here and below: nothing is connected to
from botocore.model import OperationNotFoundError  # noqa: TID251
from botocore.validate import ParamValidator  # noqa: TID251

if TYPE_CHECKING:
    from botocore.model import ServiceModel  # noqa: TID251


@cache
def service_model() -> ServiceModel:
    """Return the SDK's model of ECR."""
    return botocore.session.get_session().get_service_model("ecr")


def mismatches(operation: str, body: dict[str, Any]) -> str:
    """Return how `body` differs from the output shape of `operation`; empty where it fits.

    Reported are unknown fields, wrong types and fields that the model requires, at any depth.
    """
    try:
        shape = service_model().operation_model(operation).output_shape
    except OperationNotFoundError:
        return f"ECR has no operation {operation}"
    if shape is None:
        return ""
    report = str(ParamValidator().validate(body, shape).generate_report())
    # Limits are for requests: ECR lists no image of an empty repository, and the model wants one at least.
    return "\n".join(line for line in report.splitlines() if not line.startswith(("Invalid length", "Invalid range")))
