"""OIDC, STS, ECR and code scanning of the local emulator, spoken to by the clients that people use."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from goldenpath.local.server import Local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.tools

ONE_REPOSITORY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": "ecr:*", "Resource": "arn:aws:ecr:eu-west-2:123456789012:repository/app"},
    ],
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with Local.start(tmp_path_factory.mktemp("local")) as local:
        local.create_repository("app")
        local.create_repository("other")
        local.create_role("deliver", subjects=("repo:local/app:*",))
        yield local


def oidc_token(environment: dict[str, str]) -> str:
    request = urllib.request.Request(  # noqa: S310  http on loopback
        environment["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sts.amazonaws.com",
        headers={"Authorization": f"Bearer {environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(json.load(answer)["value"])


def assume(local: Local, token: str, **more: Any) -> Any:  # noqa: ANN401  botocore's own type is as loose
    environment = local.environment()
    sts = boto3.client(
        "sts",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        config=Config(signature_version=UNSIGNED),
    )
    role = f"arn:aws:iam::{local.account}:role/deliver"
    return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="run-1", WebIdentityToken=token, **more)


def ecr_of(local: Local, key: str, secret: str, token: str | None = None) -> ECRClient:
    session = boto3.Session(key, secret, token, region_name=local.region)
    return session.client("ecr", endpoint_url=local.environment()["AWS_ENDPOINT_URL"])


def ecr_for(local: Local, **more: Any) -> ECRClient:  # noqa: ANN401
    granted = assume(local, oidc_token(local.environment()), DurationSeconds=900, **more)["Credentials"]
    return ecr_of(local, granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"])


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_run_gets_from_its_oidc_token_to_the_registry(local: Local) -> None:
    answer = assume(local, oidc_token(local.environment()), DurationSeconds=900)
    assert answer["SubjectFromWebIdentityToken"] == "repo:local/app:ref:refs/heads/main"
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/deliver/run-1"
    granted = answer["Credentials"]
    ecr = ecr_of(local, granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"])
    tokens = [ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    (repository,) = ecr.describe_repositories(repositoryNames=["app"])["repositories"]
    assert repository["repositoryUri"] == f"{local.registry_host}/app"
    assert repository["imageTagMutability"] == "MUTABLE"


def test_the_caller_of_a_session_is_the_assumed_role(local: Local) -> None:
    granted = assume(local, oidc_token(local.environment()))["Credentials"]
    session = boto3.Session(granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"], local.region)
    sts = session.client("sts", endpoint_url=local.environment()["AWS_ENDPOINT_URL"])
    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/deliver/run-1"


def test_an_expired_token_and_a_foreign_subject_are_refused(local: Local) -> None:
    with pytest.raises(ClientError) as expired:
        assume(local, local.id_token(lifetime=-5))
    assert code(expired) == ("ExpiredTokenException", 400)
    foreign = local.environment(subject="repo:someone/else:pull_request", repository="someone/else")
    with pytest.raises(ClientError) as denied:
        assume(local, oidc_token(foreign))
    assert code(denied) == ("AccessDenied", 403)


def test_a_foreign_access_key_is_not_recognized(local: Local) -> None:
    with pytest.raises(ClientError) as refused:
        ecr_of(local, "AKIAIOSFODNN7EXAMPLE", "x" * 40).describe_repositories()
    assert code(refused) == ("UnrecognizedClientException", 400)
    with pytest.raises(ClientError) as stolen:
        ecr_of(local, local.admin.id + "X", local.admin.secret).get_authorization_token()
    assert code(stolen) == ("UnrecognizedClientException", 400)


def test_a_session_policy_narrows_both_planes_to_one_repository(local: Local) -> None:
    ecr = ecr_for(local, Policy=json.dumps(ONE_REPOSITORY))
    assert ecr.describe_repositories(repositoryNames=["app"])["repositories"]
    with pytest.raises(ClientError) as denied:
        ecr.describe_repositories(repositoryNames=["other"])
    assert code(denied) == ("AccessDeniedException", 400)
    assert denied.value.response["Error"]["Message"] == (
        "User: arn:aws:sts::123456789012:assumed-role/deliver/run-1 is not authorized to perform: "
        "ecr:DescribeRepositories on resource: arn:aws:ecr:eu-west-2:123456789012:repository/other because no session "
        "policy allows the ecr:DescribeRepositories action"
    )
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    request = urllib.request.Request(
        f"http://{local.registry_host}/v2/other/blobs/uploads/",
        method="POST",
        headers={"Authorization": f"Basic {token}"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310
    with refused.value as answer:
        assert answer.status == 403
        assert json.load(answer)["errors"][0]["code"] == "DENIED"


def test_an_expired_session_is_refused(local: Local) -> None:
    ecr = ecr_for(local)
    local.expire_logins()
    with pytest.raises(ClientError) as expired:
        ecr.describe_repositories()
    assert code(expired) == ("ExpiredTokenException", 400)
