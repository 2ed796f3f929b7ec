"""OIDC, STS, ECR and code scanning of the local emulator, spoken to by the clients that people use."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from github import Auth, Github, GithubException

from goldenpath.local import state
from goldenpath.local.control import Seed
from goldenpath.local.github.code_scanning import UploadRefusal
from goldenpath.local.server import Local
from goldenpath.shared.errors import LocalTrouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


def test_an_expired_session_is_refused(local: Local) -> None:
    ecr = ecr_for(local)
    local.expire_logins()
    with pytest.raises(ClientError) as expired:
        ecr.describe_repositories()
    assert code(expired) == ("ExpiredTokenException", 400)


@pytest.fixture
def github(local: Local) -> Iterator[Github]:
    environment = local.environment()
    client = Github(base_url=environment["GITHUB_API_URL"], auth=Auth.Token(environment["GITHUB_TOKEN"]), retry=None)
    yield client
    client.close()


def sarif_upload() -> dict[str, str]:
    run = {"tool": {"driver": {"name": "trivy"}}, "automationDetails": {"id": "trivy/app/"}, "results": []}
    packed = gzip.compress(json.dumps({"version": "2.1.0", "runs": [run]}).encode())
    return {"commit_sha": "b" * 40, "ref": "refs/heads/main", "sarif": base64.b64encode(packed).decode()}


def test_pygithub_uploads_sarif_and_sees_it_processed(local: Local, github: Github) -> None:
    repository = github.get_repo("local/app")
    requester = repository.requester
    _, taken = requester.requestJsonAndCheck("POST", f"{repository.url}/code-scanning/sarifs", input=sarif_upload())
    seen = [requester.requestJsonAndCheck("GET", taken["url"])[1]["processing_status"] for _ in range(2)]
    assert seen == ["pending", "complete"]
    upload = local.uploads()[-1]
    assert (upload.id, upload.repository, upload.commit_sha) == (taken["id"], "local/app", "b" * 40)
    _, listed = requester.requestJsonAndCheck("GET", "/_local/uploads")
    assert listed[-1]["id"] == taken["id"]


@pytest.mark.parametrize("refusal", UploadRefusal)
def test_pygithub_sees_why_an_upload_is_refused(local: Local, github: Github, refusal: UploadRefusal) -> None:
    repository = github.get_repo("local/app")
    local.refuse_uploads(refusal)
    with pytest.raises(GithubException) as refused:
        repository.requester.requestJsonAndCheck("POST", f"{repository.url}/code-scanning/sarifs", input=sarif_upload())
    local.refuse_uploads(None)
    assert (refused.value.status, refused.value.data["message"]) == (403, refusal.value)


def test_an_emulator_in_the_background_is_found_seeded_and_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "background"
    running = state.up(folder, seed=Seed(repositories=("app",), roles=("deliver",)))
    try:
        assert state.up(folder, seed=Seed(immutable_repositories=("fixed",))).pid == running.pid
        ecr = boto3.Session(running.admin_key_id, running.admin_key_secret, region_name=running.region).client(
            "ecr", endpoint_url=running.environment["AWS_ENDPOINT_URL"]
        )
        found = {r["repositoryName"]: r["imageTagMutability"] for r in ecr.describe_repositories()["repositories"]}
        assert found == {"app": "MUTABLE", "fixed": "IMMUTABLE"}
        with pytest.raises(LocalTrouble, match="the local emulator did not create what was asked for"):
            state.up(folder, seed=Seed(repositories=("NOT A NAME",)))
    finally:
        assert state.down(folder)
    assert state.status(folder) is None
