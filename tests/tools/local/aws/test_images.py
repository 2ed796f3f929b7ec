"""Images in the emulator's ECR: archived and restored ones, as ECR lists them, and what the registry does with them.

The emulator itself compares each of its responses with botocore's model, and refuses to give one that does not fit.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.doubles.local import LocalWithGitHub
from tests.tools.local.aws.test_ecr import code
from tests.tools.local.aws.test_registry_front import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecr import ECRClient

    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with LocalWithGitHub.start(tmp_path_factory.mktemp("local")) as local:
        local.create_role("deliver", subjects=("repo:local/app:*",))
        yield local


@pytest.fixture
def ecr(local: Local) -> ECRClient:
    session = boto3.Session(local.admin.id, local.admin.secret, region_name=local.region)
    return session.client("ecr", endpoint_url=local.environment()["AWS_ENDPOINT_URL"])


@pytest.fixture
def app(local: Local) -> str:
    name = f"team/{secrets.token_hex(4)}"
    local.create_repository(name)
    return name


@pytest.fixture
def client(local: Local, ecr: ECRClient) -> Iterator[Client]:
    client = client_of(local, ecr)
    yield client
    client.close()


def client_of(local: Local, ecr: ECRClient) -> Client:
    return Client(local.registry_host, ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])


def archive(ecr: ECRClient, app: str, tag: str, to: Any = "ARCHIVE") -> str:  # noqa: ANN401
    moved = ecr.update_image_storage_class(repositoryName=app, imageId={"imageTag": tag}, targetStorageClass=to)
    return moved["imageStatus"]


def listed(ecr: ECRClient, app: str, **narrowed: Any) -> list[str]:  # noqa: ANN401
    more: Any = {"filter": narrowed} if narrowed else {}
    return [image["imageDigest"] for image in ecr.describe_images(repositoryName=app, **more)["imageDetails"]]


def test_an_archived_image_is_listed_only_by_its_status_and_cannot_be_pulled(
    ecr: ECRClient, app: str, client: Client
) -> None:
    digest, other = client.push_image(app, "1", b"one"), client.push_image(app, "2", b"two")
    assert archive(ecr, app, "1") == "ARCHIVED"
    assert (listed(ecr, app), listed(ecr, app, imageStatus="ARCHIVED")) == ([other], [digest])
    assert listed(ecr, app, imageStatus="ANY", tagStatus="TAGGED") == [digest, other]
    ids = ecr.list_images(repositoryName=app, filter={"imageStatus": "ARCHIVED"})["imageIds"]
    assert ids == [{"imageDigest": digest, "imageTag": "1"}]
    assert [client.manifest(app, name).error[0] for name in ("1", digest)] == ["MANIFEST_UNKNOWN"] * 2
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=app, imageIds=[{"imageTag": "1"}])
    (failure,) = ecr.batch_get_image(repositoryName=app, imageIds=[{"imageTag": "1"}])["failures"]
    assert failure["failureCode"] == "ImageNotFound"
    (image,) = ecr.describe_images(repositoryName=app, filter={"imageStatus": "ARCHIVED"})["imageDetails"]
    assert image["imageScanStatus"]["status"] == "IMAGE_ARCHIVED"
    assert image["lastArchivedAt"].tzinfo is not None
    with pytest.raises(ecr.exceptions.ImageArchivedException):
        ecr.start_image_scan(repositoryName=app, imageId={"imageTag": "1"})


def test_an_archived_image_comes_back_in_time_or_with_a_push_and_can_be_deleted(
    local: Local, ecr: ECRClient, app: str, client: Client
) -> None:
    local.store.restore_seconds = 3600
    digest = client.push_image(app, "1", b"one")
    archive(ecr, app, "1")
    assert archive(ecr, app, "1", "STANDARD") == "ACTIVATING"
    assert (listed(ecr, app), listed(ecr, app, imageStatus="ACTIVATING")) == ([], [digest])
    assert client.manifest(app, "1").status == 404
    client.push_image(app, None, b"one")
    assert (listed(ecr, app), client.manifest(app, "1").status) == ([digest], 200)
    with pytest.raises(ecr.exceptions.ImageStorageClassUpdateNotSupportedException):
        archive(ecr, app, "1", "STANDARD")
    archive(ecr, app, "1")
    assert ecr.batch_delete_image(repositoryName=app, imageIds=[{"imageDigest": digest}])["failures"] == []
    assert listed(ecr, app, imageStatus="ANY") == []


def test_an_immutable_tag_of_an_archived_image_stays_taken(
    local: Local, ecr: ECRClient, app: str, client: Client
) -> None:
    local.create_repository(app, immutable=True)
    client.push_image(app, "1", b"one")
    archive(ecr, app, "1")
    manifest = client.push_image(app, None, b"two")
    stored = client.manifest(app, manifest).body
    assert client.put_manifest(app, "1", stored).error[0] == "TAG_INVALID"


def test_a_list_of_images_has_pages(ecr: ECRClient, app: str, client: Client) -> None:
    pushed = [client.push_image(app, str(number), str(number).encode()) for number in range(3)]
    first = ecr.describe_images(repositoryName=app, maxResults=2)
    rest = ecr.describe_images(repositoryName=app, maxResults=2, nextToken=first["nextToken"])
    assert [image["imageDigest"] for image in (*first["imageDetails"], *rest["imageDetails"])] == pushed
    assert "nextToken" not in rest
    with pytest.raises(ClientError) as refused:
        ecr.describe_images(repositoryName=app, maxResults=2, imageIds=[{"imageTag": "1"}])
    assert code(refused) == ("InvalidParameterException", 400)


def test_the_pulls_of_an_excluded_principal_are_not_recorded(ecr: ECRClient, app: str, client: Client) -> None:
    digest = client.push_image(app, "1")
    user = "arn:aws:iam::123456789012:user/local-admin"
    ecr.register_pull_time_update_exclusion(principalArn=user)
    with pytest.raises(ecr.exceptions.ExclusionAlreadyExistsException):
        ecr.register_pull_time_update_exclusion(principalArn=user)
    client.manifest(app, "1")
    (image,) = ecr.describe_images(repositoryName=app)["imageDetails"]
    assert "lastRecordedPullTime" not in image
    assert ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [user]
    ecr.deregister_pull_time_update_exclusion(principalArn=user)
    client.manifest(app, digest)
    (image,) = ecr.describe_images(repositoryName=app)["imageDetails"]
    assert image["lastRecordedPullTime"] > image["imagePushedAt"]


def test_a_blob_is_mounted_only_where_the_account_says_so(
    local: Local, ecr: ECRClient, app: str, client: Client
) -> None:
    blob, other = client.push_blob(app, b"shared")["digest"], f"{app}-other"
    local.create_repository(other)
    path = f"/v2/{other}/blobs/uploads/?mount={blob}&from={app}"
    assert client.call("POST", path).status == 202
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert client.call("POST", path).status == 201
    kms: Any = {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-west-2:123456789012:key/1"}
    ecr.create_repository(repositoryName=f"{app}-kms", encryptionConfiguration=kms)
    assert client.call("POST", f"/v2/{app}-kms/blobs/uploads/?mount={blob}&from={app}").status == 202
