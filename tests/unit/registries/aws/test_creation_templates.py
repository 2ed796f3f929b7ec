"""What ECR creates by itself: which templates a push uses, and which of them quarantine what it creates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from goldenpath.registries.aws import creation_templates
from goldenpath.shared.errors import RegistryRefused

if TYPE_CHECKING:
    from goldenpath.registries.aws.creation_templates import TemplateFacts

DENIED = json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage"}})
EXPIRED = json.dumps({"rules": [{"rulePriority": 1, "action": {"type": "expire"}}]})
QUARANTINE = {"imageTagMutability": "IMMUTABLE", "repositoryPolicy": DENIED, "lifecyclePolicy": EXPIRED}


def read(**template: Any) -> TemplateFacts:  # noqa: ANN401  ECR's own fields
    ecr = boto3.client("ecr", region_name="eu-west-2", aws_access_key_id="key", aws_secret_access_key="secret")
    stub = Stubber(ecr)
    listed = [{"prefix": "team", "appliedFor": ["CREATE_ON_PUSH"], **template}]
    stub.add_response("describe_repository_creation_templates", {"repositoryCreationTemplates": listed}, {})
    with stub:
        (facts,) = creation_templates.read(ecr)
    return facts


def test_a_template_quarantines_where_nobody_can_use_what_a_push_creates_and_it_does_not_last() -> None:
    assert read(**QUARANTINE).quarantines


@pytest.mark.parametrize("field", QUARANTINE)
def test_a_template_that_lacks_a_part_of_the_quarantine_is_none(field: str) -> None:
    tagged = {"resourceTags": [{"Key": "goldenpath.idp/ungoverned", "Value": "created-by-push"}]}
    assert not read(**{**QUARANTINE, **tagged, field: ""}).quarantines


def test_a_template_of_a_pull_through_cache_is_not_used_by_a_push() -> None:
    assert not read(appliedFor=["PULL_THROUGH_CACHE"]).on_push


def test_a_policy_that_is_not_json_is_a_typed_error() -> None:
    with pytest.raises(RegistryRefused, match="is not JSON"):
        read(repositoryPolicy="{")
