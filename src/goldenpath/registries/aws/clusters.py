"""Which images run in the ECS and EKS clusters of an account; it reads, and changes nothing.

Sources: Amazon ECS API reference, `ListClusters`, `ListTasks`, `DescribeTasks` (`imageDigest`); Amazon EKS API
reference, `ListClusters`, `DescribeCluster`; Kubernetes API reference, "Pod" (`imageID` of a container status).
"""

from __future__ import annotations

import base64
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from goldenpath.registries.aws import session
from goldenpath.shared import aws_sdk, codec
from goldenpath.shared.errors import GoldenPathError, RegistryUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TASKS, _PODS = 100, 500
_OK = 200
_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_REPOSITORY = re.compile(r"(?:docker-pullable://)?([^/@]+\.amazonaws\.com(?:\.cn)?/[^@:]+)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class RunningImage:
    """An image that runs: the address of its repository, and the digest of its manifest or index."""

    repository: str
    digest: str


@dataclass(frozen=True)
class ClusterReport:
    """What runs, in how many `clusters`; `notes` say which of them could not be looked at, and why."""

    images: frozenset[RunningImage] = frozenset()
    clusters: int = 0
    notes: tuple[str, ...] = ()

    def __add__(self, other: ClusterReport) -> ClusterReport:
        """Return both together."""
        return ClusterReport(self.images | other.images, self.clusters + other.clusters, (*self.notes, *other.notes))


def running_images(variables: Mapping[str, str]) -> ClusterReport:
    """Return what runs in the clusters that the credentials in `variables` see.

    A cluster that cannot be read is a note. Raises `LoginRefused` when there is no login.
    """
    report = ClusterReport()
    for kind, names, images in (
        ("ECS", _ecs_clusters, _ecs_images),
        ("EKS", _eks_clusters, _eks_images),
    ):
        report += _of_kind(kind, variables, names, images)
    return report


def running_image(name: str, digest: str) -> RunningImage | None:
    """Return the image with that name (tag and digest may follow) and digest; `None` when it is not of ECR.

    Without `digest` the name must hold one.
    """
    repository, content = _REPOSITORY.match(name), _DIGEST.search(digest or name)
    return RunningImage(repository[1], content[0]) if repository and content else None


def _of_kind(
    kind: str,
    variables: Mapping[str, str],
    names: Callable[[Mapping[str, str]], list[str]],
    images: Callable[[Mapping[str, str], str], Iterator[RunningImage | None]],
) -> ClusterReport:
    try:
        clusters = names(variables)
    except GoldenPathError as error:
        return ClusterReport(notes=(f"{kind} was not looked at: {error.what}",))
    report = ClusterReport(clusters=len(clusters))
    for cluster in clusters:
        # One cluster that is out of reach, as private ones are, must not hide the others.
        try:
            report += ClusterReport(frozenset(filter(None, images(variables, cluster))))
        except GoldenPathError as error:
            report += ClusterReport(notes=(f"the {kind} cluster {_short(cluster)} was not looked at: {error.what}",))
    return report


def _ecs_clusters(variables: Mapping[str, str]) -> list[str]:
    ecs = session.client("ecs", variables)
    with session.explained("list the ECS clusters"):
        return [arn for page in ecs.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]


def _ecs_images(variables: Mapping[str, str], cluster: str) -> Iterator[RunningImage | None]:
    ecs = session.client("ecs", variables)
    with session.explained(f"list the tasks of the ECS cluster {_short(cluster)}"):
        pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster)
        arns = [arn for page in pages for arn in page["taskArns"]]
        for start in range(0, len(arns), _TASKS):
            tasks = ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + _TASKS])["tasks"]
            for container in (container for task in tasks for container in task.get("containers", ())):
                # A container has no digest before its image was pulled.
                yield running_image(container.get("image", ""), container.get("imageDigest", ""))


def _eks_clusters(variables: Mapping[str, str]) -> list[str]:
    eks = session.client("eks", variables)
    with session.explained("list the EKS clusters"):
        return [name for page in eks.get_paginator("list_clusters").paginate() for name in page["clusters"]]


def _eks_images(variables: Mapping[str, str], cluster: str) -> Iterator[RunningImage | None]:
    eks, sts = (session.client(service, variables) for service in ("eks", "sts"))
    with session.explained(f"describe the EKS cluster {cluster}"):
        described = eks.describe_cluster(name=cluster)["cluster"]
        authority = base64.b64decode(described["certificateAuthority"]["data"])
        token = aws_sdk.cluster_token(sts, cluster)
    for pod in _pods(described["endpoint"], authority, token):
        status = pod.get("status", {})
        kinds = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        for container in (container for kind in kinds for container in status.get(kind) or ()):
            yield running_image(container.get("imageID") or "", "")


def _pods(endpoint: str, authority: bytes, token: str) -> Iterator[dict[str, Any]]:
    """Yield every pod of a cluster. Raises `RegistryUnreachable`."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-cluster-") as folder:
        certificate = Path(folder) / "ca.pem"
        certificate.write_bytes(authority)
        # A cluster signs its certificate itself, so this connection trusts that authority and no other.
        with urllib3.PoolManager(ca_certs=str(certificate), timeout=_TIMEOUT) as pool:
            more = ""
            # A large cluster lists its pods in pages; each page names the next one.
            while True:
                query = urlencode({"limit": _PODS, **({"continue": more} if more else {})})
                listed = _read_json(pool, f"{endpoint}/api/v1/pods?{query}", token)
                yield from listed.get("items", ())
                more = listed.get("metadata", {}).get("continue", "")
                if not more:
                    return


def _read_json(pool: urllib3.PoolManager, url: str, token: str) -> dict[str, Any]:
    why = ""
    try:
        response = pool.request("GET", url, headers={"Authorization": f"Bearer {token}"}, redirect=False)
        if response.status == _OK:
            return codec.decode(response.data, dict[str, Any])
        why = f"HTTP {response.status}"
    except (HTTPError, OSError, ValueError) as error:
        why = type(error).__name__
    raise RegistryUnreachable(
        f"The Kubernetes API does not list its pods ({why})",
        why="The role needs an access entry with a policy that reads pods, and the API has to be reachable from here",
        fix="Give the role the access policy AmazonEKSViewPolicy, or leave the cluster out",
    )


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]
