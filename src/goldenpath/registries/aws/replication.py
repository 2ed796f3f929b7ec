"""How far a removal reaches: ECR may copy deletions to other regions and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.registries.aws.session import client, explained
from goldenpath.shared import replication
from goldenpath.shared.errors import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = (
    "It is not known whether ECR copies deletions to other regions or accounts: the role may not read the registry's "
    "replication (ecr:DescribeRegistry)."
)


def reach_of_removal(variables: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return sentences for the reviewer of a removal: where the images of `name` are copied to and deleted too.

    `variables` hold the credentials of the registry's account. Nothing is returned where nothing is copied.
    """
    try:
        with explained("read the replication of the registry"):
            return replication.notes(name, replication.replicas(client("ecr", variables), name))
    except AccessDenied:
        return (UNKNOWN,)
