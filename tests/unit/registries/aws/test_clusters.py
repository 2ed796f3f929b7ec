"""How ECS and EKS are asked what runs: by their service descriptions, and by the pods that Kubernetes lists."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Self

import boto3
import pytest
from botocore.stub import Stubber

from goldenpath.registries.aws import clusters, session
from goldenpath.registries.aws.clusters import ClusterReport, RunningImage

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/team/my-app"
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
VARIABLES = {"AWS_REGION": "eu-west-2", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
ECS_CLUSTER = "arn:aws:ecs:eu-west-2:123456789012:cluster/web"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stubber]:
    """Return a stubber for each service; each client stands once."""
    stubs = {}
    clients = {}
    for service in ("ecs", "eks", "sts"):
        clients[service] = boto3.client(
            service, region_name="eu-west-2", aws_access_key_id="key", aws_secret_access_key="secret"
        )
        stubs[service] = Stubber(clients[service])
        stubs[service].activate()

    def client(service: str, variables: Mapping[str, str]) -> object:
        assert variables == VARIABLES
        return clients[service]

    monkeypatch.setattr(session, "client", client)
    return stubs


class Kubernetes:
    """A double of urllib3's pool: an API that lists its pods on two pages, or refuses."""

    def __init__(self, *pages: dict[str, Any], status: int = 200) -> None:
        self.pages = list(pages)
        self.status = status
        self.urls: list[str] = []

    def __call__(self, **_: object) -> Kubernetes:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def request(self, method: str, url: str, headers: Mapping[str, str], *, redirect: bool) -> Any:  # noqa: ANN401
        assert (method, redirect) == ("GET", False)
        assert headers["Authorization"].startswith("Bearer k8s-aws-v1.")
        self.urls.append(url)
        body = json.dumps(self.pages.pop(0) if self.pages else {}).encode()
        return type("Response", (), {"status": self.status, "data": body})


def nothing_in_eks(aws: dict[str, Stubber]) -> None:
    aws["eks"].add_response("list_clusters", {"clusters": []}, {})


def test_the_images_of_ecs_tasks_are_those_that_were_pulled_from_ecr(aws: dict[str, Stubber]) -> None:
    containers = [
        {"image": f"{REPOSITORY}:prod-1", "imageDigest": DIGEST},
        {"image": f"{REPOSITORY}@{OTHER}"},
        {"image": f"{REPOSITORY}:starting"},
        {"image": "docker.io/library/nginx:1", "imageDigest": DIGEST},
    ]
    aws["ecs"].add_response("list_clusters", {"clusterArns": [ECS_CLUSTER]}, {})
    aws["ecs"].add_response("list_tasks", {"taskArns": ["arn:task/1"]}, {"cluster": ECS_CLUSTER})
    described: dict[str, Any] = {"tasks": [{"containers": containers}]}
    aws["ecs"].add_response("describe_tasks", described, {"cluster": ECS_CLUSTER, "tasks": ["arn:task/1"]})
    nothing_in_eks(aws)
    expected = frozenset({RunningImage(REPOSITORY, DIGEST), RunningImage(REPOSITORY, OTHER)})
    assert clusters.running_images(VARIABLES) == ClusterReport(expected, clusters=1)


def test_tasks_are_described_a_hundred_at_a_time(aws: dict[str, Stubber]) -> None:
    arns = [f"arn:task/{number}" for number in range(101)]
    aws["ecs"].add_response("list_clusters", {"clusterArns": [ECS_CLUSTER]}, {})
    aws["ecs"].add_response("list_tasks", {"taskArns": arns}, {"cluster": ECS_CLUSTER})
    for part in (arns[:100], arns[100:]):
        aws["ecs"].add_response("describe_tasks", {"tasks": []}, {"cluster": ECS_CLUSTER, "tasks": part})
    nothing_in_eks(aws)
    assert clusters.running_images(VARIABLES) == ClusterReport(clusters=1)


def eks_cluster(aws: dict[str, Stubber]) -> None:
    aws["ecs"].add_response("list_clusters", {"clusterArns": []}, {})
    aws["eks"].add_response("list_clusters", {"clusters": ["web"]}, {})
    authority = base64.b64encode(b"a certificate").decode()
    described: dict[str, Any] = {
        "cluster": {"endpoint": "https://k8s.example", "certificateAuthority": {"data": authority}}
    }
    aws["eks"].add_response("describe_cluster", described, {"name": "web"})


def pod(kind: str, image_id: str) -> dict[str, Any]:
    return {"status": {kind: [{"imageID": image_id}]}}


def test_the_images_of_pods_are_read_from_every_page(aws: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch) -> None:
    eks_cluster(aws)
    kubernetes = Kubernetes(
        {"items": [pod("containerStatuses", f"{REPOSITORY}@{DIGEST}")], "metadata": {"continue": "next"}},
        {"items": [pod("initContainerStatuses", f"docker-pullable://{REPOSITORY}@{OTHER}"), {"status": {}},
                   pod("containerStatuses", "")]},
    )  # fmt: skip
    monkeypatch.setattr("urllib3.PoolManager", kubernetes)
    expected = frozenset({RunningImage(REPOSITORY, DIGEST), RunningImage(REPOSITORY, OTHER)})
    assert clusters.running_images(VARIABLES) == ClusterReport(expected, clusters=1)
    assert kubernetes.urls == [
        "https://k8s.example/api/v1/pods?limit=500", "https://k8s.example/api/v1/pods?limit=500&continue=next",
    ]  # fmt: skip


def test_a_cluster_that_refuses_is_a_note_and_not_the_end(
    aws: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    eks_cluster(aws)
    monkeypatch.setattr("urllib3.PoolManager", Kubernetes(status=403))
    assert clusters.running_images(VARIABLES).notes == (
        "the EKS cluster web was not looked at: The Kubernetes API does not list its pods (HTTP 403)",
    )


def test_a_service_that_the_role_may_not_read_is_a_note(aws: dict[str, Stubber]) -> None:
    aws["ecs"].add_client_error("list_clusters", "AccessDeniedException", "no")
    nothing_in_eks(aws)
    assert clusters.running_images(VARIABLES).notes == ("ECS was not looked at: Not allowed to list the ECS clusters",)


@pytest.mark.parametrize(
    ("name", "digest"),
    [("nginx:1", DIGEST), (f"{REPOSITORY}:1", ""), ("public.ecr.aws/x/y:1", DIGEST), ("", "")],
)
def test_an_image_that_is_not_of_ecr_or_has_no_digest_yet_does_not_count(name: str, digest: str) -> None:
    assert clusters.running_image(name, digest) is None
