"""ECR's API in the emulator, by the SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from goldenpath.local.server import Local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecr import ECRClient
from tests.tools.local.aws.test_emulator import assume, oidc_token

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with Local.start(tmp_path_factory.mktemp("local")) as local:
        local.create_repository("app")
        local.create_repository("other")
        local.create_role("deliver", subjects=("repo:local/app:*",))
        yield local


def ecr_of(local: Local, key: str, secret: str, token: str | None = None) -> ECRClient:
    session = boto3.Session(key, secret, token, region_name=local.region)
    return session.client("ecr", endpoint_url=local.environment()["AWS_ENDPOINT_URL"])


def ecr_for(local: Local, **more: Any) -> ECRClient:  # noqa: ANN401
    granted = assume(local, oidc_token(local.environment()), DurationSeconds=900, **more)["Credentials"]
    return ecr_of(local, granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"])


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_repository_that_does_not_exist_is_ecrs_error(local: Local) -> None:
    ecr = ecr_for(local)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["nowhere"])
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.batch_get_image(repositoryName="nowhere", imageIds=[{"imageTag": "1"}])


def test_the_tags_of_a_repository_are_listed_as_ecr_lists_them(local: Local) -> None:
    local.create_repository("tagged", tags={"goldenpath.idp/environment": "prod", "goldenpath.idp/owner": "team-web"})
    local.create_repository("tagged", tags={"goldenpath.idp/environment": "dev"})
    ecr = ecr_for(local)

    def arn(name: str) -> str:
        return f"arn:aws:ecr:{local.region}:{local.account}:repository/{name}"

    told = ecr.list_tags_for_resource(resourceArn=arn("tagged"))["tags"]
    assert {each["Key"]: each["Value"] for each in told} == {
        "goldenpath.idp/environment": "dev", "goldenpath.idp/owner": "team-web",
    }  # fmt: skip
    assert ecr.list_tags_for_resource(resourceArn=arn("app"))["tags"] == []
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.list_tags_for_resource(resourceArn=arn("nowhere"))


def test_a_session_policy_without_the_action_may_not_read_tags(local: Local) -> None:
    app = "arn:aws:ecr:eu-west-2:123456789012:repository/app"
    statement = {"Effect": "Allow", "Action": "ecr:Describe*", "Resource": app}
    ecr = ecr_for(local, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with pytest.raises(ClientError) as denied:
        ecr.list_tags_for_resource(resourceArn=app)
    assert code(denied) == ("AccessDeniedException", 400)


def test_layers_do_not_go_through_the_control_plane(local: Local) -> None:
    with pytest.raises(ClientError) as refused:
        ecr_for(local).initiate_layer_upload(repositoryName="app")
    assert refused.value.response["Error"]["Code"] == "ServerException"
