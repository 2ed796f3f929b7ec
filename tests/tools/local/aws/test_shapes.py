"""Every call of our own code and of Terraform is made once: the emulator's response has the shape of ECR's.

The emulator compares its responses with botocore's model, and responds with an error where one does not fit.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from tests.tools.local.aws.test_images import app, client, ecr, local

from goldenpath.local.aws import shapes

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from tests.tools.local.aws.test_registry_front import Client

__all__ = ["app", "client", "ecr", "local"]

pytestmark = pytest.mark.tools

SOURCE = Path(__file__).parents[4] / "src" / "goldenpath"
PROFILE = "arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release"
ARN = "arn:aws:ecr:eu-west-2:123456789012:repository"

# What the platform's side asks of an account: `tests.doubles.aws` and moto's server respond, and no `goldenpath local`.
ELSEWHERE = {
    "describe_pull_through_cache_rules",
    "describe_repository_creation_templates",
    "get_lifecycle_policy_preview",
    "list_pull_time_update_exclusions",
    "put_image",
    "start_lifecycle_policy_preview",
}


def calls(name: str, digest: str) -> dict[str, dict[str, Any]]:
    """Return the parameters of each call, in an order in which they work."""
    named, image = {"repositoryName": name}, {"imageDigest": digest}
    everybody = {"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    rule = {"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}}
    lifecycle = json.dumps({"rules": [{**rule, "action": {"type": "expire"}}]})
    mutable = {**named, "imageTagMutability": "MUTABLE_WITH_EXCLUSION"}
    filters = [{"filterType": "WILDCARD", "filter": "v*"}]
    destination = {"region": "eu-west-1", "registryId": "123456789012"}
    return {
        "put_signing_configuration": {"signingConfiguration": {"rules": [{"signingProfileArn": PROFILE}]}},
        "put_replication_configuration": {"replicationConfiguration": {"rules": [{"destinations": [destination]}]}},
        "put_image_tag_mutability": {**mutable, "imageTagMutabilityExclusionFilters": filters},
        "put_image_scanning_configuration": {**named, "imageScanningConfiguration": {"scanOnPush": True}},
        "put_lifecycle_policy": {**named, "lifecyclePolicyText": lifecycle},
        "set_repository_policy": {**named, "policyText": policy},
        "tag_resource": {"resourceArn": f"{ARN}/{name}", "tags": [{"Key": "owner", "Value": "team-web"}]},
        "start_image_scan": {**named, "imageId": image},
        "get_authorization_token": {},
        "describe_registry": {},
        "describe_repositories": {"repositoryNames": [name]},
        "describe_images": named,
        "describe_image_scan_findings": {**named, "imageId": image},
        "describe_image_signing_status": {**named, "imageId": image},
        "list_images": named,
        "list_image_referrers": {**named, "subjectId": image},
        "list_tags_for_resource": {"resourceArn": f"{ARN}/{name}"},
        "get_lifecycle_policy": named,
        "get_repository_policy": named,
        "get_signing_configuration": {},
        "get_registry_scanning_configuration": {},
        "batch_get_image": {**named, "imageIds": [image]},
        "batch_check_layer_availability": {**named, "layerDigests": [digest]},
        "untag_resource": {"resourceArn": f"{ARN}/{name}", "tagKeys": ["owner"]},
        "delete_lifecycle_policy": named,
        "delete_repository_policy": named,
        "delete_signing_configuration": {},
        "batch_delete_image": {**named, "imageIds": [image]},
        "delete_repository": {**named, "force": True},
        "create_repository": {"repositoryName": f"{name}-new"},
    }


def called_by_our_code() -> set[str]:
    """Return ECR's operations that a wing calls by their method, or by their name for a paginator."""
    known = set(map(xform_name, shapes.service_model().operation_names))
    sources = (path for wing in ("delivery", "registries", "shared") for path in (SOURCE / wing).rglob("*.py"))
    nodes = (node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    words = (getattr(node, "attr", None) or getattr(node, "value", None) for node in nodes)
    return {word for word in words if isinstance(word, str)} & known


def test_each_call_has_a_response_of_ecrs_shape(ecr: ECRClient, app: str, client: Client) -> None:
    wanted = calls(app, client.push_image(app, "1"))
    assert called_by_our_code() - set(wanted) == ELSEWHERE
    for method, parameters in wanted.items():
        getattr(ecr, method)(**parameters)
