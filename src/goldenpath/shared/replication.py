"""Where ECR copies the images of a repository, and whether deletions are copied too.

Sources: Amazon ECR API reference, `DescribeRegistry`; botocore's model of `ReplicationRule`: "When delete replication
is enabled, the service replicates image deletions and image tag removals", which is off unless a rule says so. The
filters of a rule are prefixes of names; a rule without filters is about every repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mypy_boto3_ecr import ECRClient


@dataclass(frozen=True, order=True)
class Replica:
    """A place that the images of a repository are copied to; it `deletes` what is deleted at their source."""

    account: str
    region: str
    deletes: bool = False

    def __str__(self) -> str:
        return f"{self.region} of the account {self.account}"


def replicas(client: ECRClient, name: str) -> tuple[Replica, ...]:
    """Return the replicas of the repository `name` in the registry of the client's own credentials.

    Raises the SDK's exceptions.
    """
    return tuple(sorted(_matching(client.describe_registry()["replicationConfiguration"]["rules"], name)))


def notes(name: str, copies: Sequence[Replica]) -> tuple[str, ...]:
    """Return a sentence for people about the `copies` of the repository `name`, and one about deletions there."""
    deleting = [copy for copy in copies if copy.deletes]
    places = f"ECR copies the images of {name} to {_listed(copies)}; a release is there a little later."
    deletions = (
        f"Deletions are copied too, to {_listed(deleting)}: what an undo, a repair or a retirement removes from {name} "
        "is removed there as well."
    )
    return (*([places] if copies else ()), *([deletions] if deleting else ()))


def _matching(rules: Iterable[Any], name: str) -> Iterator[Replica]:
    for rule in rules:
        filters = rule.get("repositoryFilters") or ()
        if filters and not any(name.startswith(prefix["filter"]) for prefix in filters):
            continue
        deletes = rule.get("deleteReplication", {}).get("enabled", False)
        for destination in rule["destinations"]:
            yield Replica(destination["registryId"], destination["region"], deletes)


def _listed(copies: Iterable[Replica]) -> str:
    return ", ".join(dict.fromkeys(map(str, copies)))
