"""The real registry behind the front that behaves as ECR's data plane does."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

from goldenpath.local.server import Local

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.tools

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class HttpResponse:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> tuple[str, str]:
        (error,) = json.loads(self.body)["errors"]
        return error["code"], error["message"]


class Client:
    """A registry client that does one thing at a time, on one connection that stays open."""

    def __init__(self, host: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(host, timeout=20)
        self.headers = {"Authorization": f"Basic {token}"} if token else {}

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: bytes | Iterable[bytes] = b"", **headers: str) -> HttpResponse:
        path = path if path.startswith("/") else urlsplit(path)._replace(scheme="", netloc="").geturl()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        chunked = not isinstance(body, bytes)
        self._connection.request(method, path, body, {**self.headers, **named}, encode_chunked=chunked)
        answer = self._connection.getresponse()
        return HttpResponse(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def begin(self, repository: str, query: str = "") -> str:
        answer = self.call("POST", f"/v2/{repository}/blobs/uploads/{query}")
        assert answer.status == 202
        return answer.headers["location"]

    def finish(self, location: str, digest: str, body: bytes = b"") -> HttpResponse:
        return self.call("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", body)

    def push_blob(self, repository: str, content: bytes) -> dict[str, Any]:
        assert self.finish(self.begin(repository), digest_of(content), content).status == 201
        return {"mediaType": "application/octet-stream", "size": len(content), "digest": digest_of(content)}

    def push_image(self, repository: str, reference: str | None = None, content: bytes = b"layer") -> str:
        """Push an image of one layer by tag, or (`None`) by digest; return its digest."""
        layer, config = self.push_blob(repository, content), self.push_blob(repository, b"{}")
        image = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        manifest = json.dumps(image).encode()
        digest = digest_of(manifest)
        answer = self.put_manifest(repository, reference or digest, manifest)
        assert (answer.status, answer.headers["docker-content-digest"]) == (201, digest)
        return digest

    def put_manifest(
        self, repository: str, reference: str, manifest: bytes, media_type: str = MANIFEST
    ) -> HttpResponse:
        return self.call("PUT", f"/v2/{repository}/manifests/{reference}", manifest, Content_Type=media_type)

    def manifest(self, repository: str, reference: str) -> HttpResponse:
        return self.call("GET", f"/v2/{repository}/manifests/{reference}", Accept=f"{MANIFEST}, {INDEX}")


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with Local.start(tmp_path_factory.mktemp("local")) as local:
        yield local


@pytest.fixture
def repository(local: Local) -> str:
    name = f"team/{secrets.token_hex(4)}"
    local.create_repository(name)
    return name


@pytest.fixture
def frozen(local: Local) -> str:
    name = f"frozen/{secrets.token_hex(4)}"
    local.create_repository(name, immutable=True)
    return name


@pytest.fixture
def ecr(local: Local) -> ECRClient:
    session = boto3.Session(local.admin.id, local.admin.secret, region_name=local.region)
    return session.client("ecr", endpoint_url=local.environment()["AWS_ENDPOINT_URL"])


@pytest.fixture
def client(local: Local, ecr: ECRClient) -> Iterator[Client]:
    (granted,) = ecr.get_authorization_token()["authorizationData"]
    assert granted["proxyEndpoint"] == f"http://{local.registry_host}"
    client = Client(local.registry_host, granted["authorizationToken"])
    yield client
    client.close()


@pytest.mark.parametrize("token", ["", "QVdTOndyb25n", "!"])
def test_without_a_login_from_ecr_there_is_a_challenge(local: Local, token: str) -> None:
    client = Client(local.registry_host, token)
    answer = client.call("GET", "/v2/")
    client.close()
    assert answer.status == 401
    assert (
        answer.headers["www-authenticate"] == f'Basic realm="http://{local.registry_host}/",service="ecr.amazonaws.com"'
    )
    assert answer.error == ("UNAUTHORIZED", "authentication required")


def test_a_refused_upload_leaves_the_connection_usable(client: Client, repository: str) -> None:
    answer = client.call("PUT", "/v2/no/such/manifests/1", iter([b"x" * 70_000] * 3))
    assert answer.status == 404
    assert client.call("GET", "/v2/").status == 200


def test_an_image_comes_back_as_it_was_pushed(local: Local, client: Client, repository: str) -> None:
    content = secrets.token_bytes(3 << 20)
    digest = client.push_image(repository, "1.0", content)
    assert digest_of(client.manifest(repository, "1.0").body) == digest
    assert client.call("GET", f"/v2/{repository}/blobs/{digest_of(content)}").body == content
    part = client.call("GET", f"/v2/{repository}/blobs/{digest_of(content)}", Range="bytes=5-9")
    assert (part.status, part.body) == (206, content[5:10])
    head = client.call("HEAD", f"/v2/{repository}/blobs/{digest_of(content)}")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(content)), b"")
    assert local.tags(repository) == {"1.0": digest}
    assert local.manifests(repository) == {digest}


def test_upload_locations_lead_back_through_the_front(local: Local, client: Client, repository: str) -> None:
    assert urlsplit(client.begin(repository)).netloc in {"", local.registry_host}


def test_a_repository_is_not_created_by_pushing(client: Client) -> None:
    answer = client.call("POST", "/v2/no/such/blobs/uploads/")
    message = "The repository with name 'no/such' does not exist in the registry with id '123456789012'"
    assert (answer.status, answer.error) == (404, ("NAME_UNKNOWN", message))


def test_a_tag_of_a_mutable_repository_moves_and_the_old_image_stays_untagged(
    local: Local, client: Client, ecr: ECRClient, repository: str
) -> None:
    old, new = client.push_image(repository, "dev", b"old"), client.push_image(repository, "dev", b"new")
    assert client.push_image(repository, "dev", b"new") == new
    assert local.tags(repository) == {"dev": new}
    assert local.manifests(repository) == {old, new}
    described = {
        image["imageDigest"]: image for image in ecr.describe_images(repositoryName=repository)["imageDetails"]
    }
    assert described[new]["imageTags"] == ["dev"]
    assert "imageTags" not in described[old]
    assert described[new]["imageSizeInBytes"] == len(b"new")


@pytest.mark.parametrize("by", ["tag", "digest", "the control plane"])
def test_a_pull_is_noted_and_a_look_is_not(client: Client, ecr: ECRClient, repository: str, by: str) -> None:
    def pulled() -> dt.datetime | None:
        (image,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
        return image.get("lastRecordedPullTime")

    digest, began = client.push_image(repository, "dev"), int(time.time())
    assert client.call("HEAD", f"/v2/{repository}/manifests/dev", Accept=MANIFEST).status == 200
    assert pulled() is None
    if by == "the control plane":
        assert ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"]
    else:
        client.manifest(repository, "dev" if by == "tag" else digest)
    noted = pulled()
    assert noted
    assert began <= noted.timestamp() <= time.time()


@pytest.mark.parametrize("content", [b"same", b"another"])
def test_a_tag_of_an_immutable_repository_is_refused_even_with_the_same_digest(
    local: Local, client: Client, frozen: str, content: bytes
) -> None:
    digest = client.push_image(frozen, "1.0", b"same")
    other = client.push_image(frozen, None, content)
    answer = client.put_manifest(frozen, "1.0", client.manifest(frozen, other).body)
    assert answer.status == 400
    reason = "cannot be overwritten because the tag is immutable."
    assert answer.error == (
        "TAG_INVALID",
        f"The image tag '1.0' already exists in the '{frozen}' repository and {reason}",
    )
    assert local.tags(frozen) == {"1.0": digest}


def test_exclusions_let_some_tags_of_an_immutable_repository_move(ecr: ECRClient, client: Client, local: Local) -> None:
    name = f"mixed/{secrets.token_hex(4)}"
    ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    )
    client.push_image(name, "dev-1", b"old")
    new = client.push_image(name, "dev-1", b"new")
    assert local.tags(name) == {"dev-1": new}


def test_one_patch_and_a_put_make_a_blob(client: Client, repository: str) -> None:
    patched = client.call("PATCH", client.begin(repository), iter([b"one ", b"piece"]))
    assert (patched.status, patched.headers["range"]) == (201, "0-8")
    assert client.finish(patched.headers["location"], digest_of(b"one piece")).status == 201


def test_every_patch_after_the_first_is_silently_dropped(client: Client, repository: str) -> None:
    first = client.call("PATCH", client.begin(repository), b"one ")
    second = client.call("PATCH", first.headers["location"], b"two")
    assert (second.status, second.headers["range"]) == (201, "0-6")
    answer = client.finish(second.headers["location"], digest_of(b"one two"))
    assert (answer.status, answer.error[0]) == (400, "DIGEST_INVALID")


def test_a_mount_is_answered_with_a_plain_upload_session(client: Client, repository: str, local: Local) -> None:
    local.create_repository("team/elsewhere")
    digest = client.push_blob("team/elsewhere", b"shared")["digest"]
    location = client.begin(repository, f"?mount={digest}&from=team/elsewhere")
    assert client.call("HEAD", f"/v2/{repository}/blobs/{digest}").status == 404
    assert client.finish(location, digest, b"shared").status == 201


def test_nothing_is_deleted_on_the_data_plane(local: Local, client: Client, repository: str) -> None:
    digest = client.push_image(repository, "1.0")
    answer = client.call("DELETE", f"/v2/{repository}/manifests/{digest}")
    assert (answer.status, answer.error[0]) == (405, "UNSUPPORTED")
    assert local.tags(repository) == {"1.0": digest}


def test_deleting_a_tag_leaves_the_others_and_the_last_one_takes_the_image(
    local: Local, client: Client, ecr: ECRClient, repository: str
) -> None:
    digest = client.push_image(repository, "one")
    client.push_image(repository, "two")
    gone = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "one"}])
    assert (gone["imageIds"], gone["failures"]) == ([{"imageDigest": digest, "imageTag": "one"}], [])
    assert local.tags(repository) == {"two": digest}
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "two"}])
    assert (local.tags(repository), local.manifests(repository)) == ({}, set())
    assert client.manifest(repository, digest).status == 404


def test_deleting_a_digest_takes_all_its_tags(local: Local, client: Client, ecr: ECRClient, repository: str) -> None:
    digest = client.push_image(repository, "one")
    client.push_image(repository, "two")
    untagged = client.push_image(repository, None, b"untagged")
    ids = [{"imageDigest": digest}, {"imageDigest": untagged}, {"imageTag": "none"}, {}]
    answer = ecr.batch_delete_image(repositoryName=repository, imageIds=ids)  # type: ignore[arg-type]
    assert {image["imageDigest"] for image in answer["imageIds"]} == {digest, untagged}
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound", "MissingDigestAndTag"]
    assert local.manifests(repository) == set()
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []


def test_an_image_of_an_index_outlives_no_index(local: Local, client: Client, ecr: ECRClient, repository: str) -> None:
    child = client.push_image(repository)
    size = len(client.manifest(repository, child).body)
    entry = {"mediaType": MANIFEST, "digest": child, "size": size, "platform": {"os": "linux", "architecture": "amd64"}}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    assert client.put_manifest(repository, "1.0", index, INDEX).status == 201
    refused = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": child}])
    assert refused["failures"][0]["failureCode"] == "ImageReferencedByManifestList"
    ids = [{"imageDigest": digest_of(index)}, {"imageDigest": child}]
    assert ecr.batch_delete_image(repositoryName=repository, imageIds=ids)["failures"] == []  # type: ignore[arg-type]
    assert local.manifests(repository) == set()


def test_a_manifest_without_its_blobs_is_refused(local: Local, client: Client, repository: str) -> None:
    nowhere = {"mediaType": "x/y", "digest": digest_of(b"nowhere"), "size": 7}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": nowhere, "layers": []}).encode()
    assert client.put_manifest(repository, "1.0", manifest).status == 400
    assert local.tags(repository) == {}


def test_put_image_tags_through_the_control_plane(local: Local, client: Client, ecr: ECRClient, frozen: str) -> None:
    digest = client.push_image(frozen, "one")
    (image,) = ecr.batch_get_image(repositoryName=frozen, imageIds=[{"imageTag": "one"}])["images"]
    assert image["imageId"] == {"imageDigest": digest, "imageTag": "one"}
    ecr.put_image(repositoryName=frozen, imageManifest=image["imageManifest"], imageTag="two")
    assert local.tags(frozen) == {"one": digest, "two": digest}
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(repositoryName=frozen, imageManifest=image["imageManifest"], imageTag="two")
    other = client.manifest(frozen, client.push_image(frozen, None, b"other")).body.decode()
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
        ecr.put_image(repositoryName=frozen, imageManifest=other, imageTag="two")


def test_layers_are_available_when_the_registry_has_them(client: Client, ecr: ECRClient, repository: str) -> None:
    digest = client.push_blob(repository, b"blob")["digest"]
    missing = digest_of(b"missing")
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest, missing])
    assert [(layer["layerDigest"], layer["layerSize"]) for layer in answer["layers"]] == [(digest, 4)]
    assert [failure["layerDigest"] for failure in answer["failures"]] == [missing]


def test_a_deleted_repository_leaves_nothing(local: Local, client: Client, ecr: ECRClient, repository: str) -> None:
    client.push_image(repository, "1.0")
    with pytest.raises(ecr.exceptions.RepositoryNotEmptyException):
        ecr.delete_repository(repositoryName=repository)
    ecr.delete_repository(repositoryName=repository, force=True)
    assert client.manifest(repository, "1.0").status == 404
    assert local.manifests(repository) == set()


def test_an_expired_login_is_refused_as_ecr_does(local: Local, client: Client, repository: str) -> None:
    local.expire_logins()
    answer = client.call("HEAD", f"/v2/{repository}/manifests/1.0")
    assert answer.status == 403
    answer = client.call("GET", f"/v2/{repository}/manifests/1.0")
    assert answer.error == ("DENIED", "Your authorization token has expired. Reauthenticate and try again.")
