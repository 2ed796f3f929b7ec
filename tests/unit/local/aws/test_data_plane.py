"""What a request to the registry means, and which tags may be written again."""

from __future__ import annotations

import pytest

from goldenpath.local.aws.data_plane import Call, RefusedError

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("method", "path", "call", "action"),
    [
        ("PUT", "/v2/team/app/manifests/1.0", Call("PUT", "manifests", "team/app", "1.0"), "ecr:PutImage"),
        ("HEAD", f"/v2/app/manifests/{DIGEST}", Call("HEAD", "manifests", "app", DIGEST), "ecr:BatchGetImage"),
        ("HEAD", f"/v2/app/blobs/{DIGEST}", Call("HEAD", "blobs", "app", DIGEST), "ecr:BatchCheckLayerAvailability"),
        ("GET", "/v2/app/blobs/sha256%3Aff", Call("GET", "blobs", "app", "sha256:ff"), "ecr:GetDownloadUrlForLayer"),
        ("POST", "/v2/app/blobs/uploads/", Call("POST", "uploads", "app", ""), "ecr:InitiateLayerUpload"),
        ("POST", "/v2/app/blobs/uploads/?mount=x", Call("POST", "uploads", "app", ""), "ecr:InitiateLayerUpload"),
        ("PATCH", "/v2/app/blobs/uploads/u-1?_state=s", Call("PATCH", "uploads", "app", "u-1"), "ecr:UploadLayerPart"),
        ("PUT", "/v2/app/blobs/uploads/u-1?digest=d", Call("PUT", "uploads", "app", "u-1"), "ecr:CompleteLayerUpload"),
        ("GET", "/v2/app/tags/list", Call("GET", "tags", "app", ""), "ecr:ListImages"),
        ("GET", "/v2/tags/manifests/list", Call("GET", "manifests", "tags", "list"), "ecr:BatchGetImage"),
    ],
)  # fmt: skip
def test_a_request_names_its_repository_and_needs_ecrs_action(method: str, path: str, call: Call, action: str) -> None:
    assert Call.parse(method, path) == call
    assert call.action == action


def test_a_tag_is_told_from_a_digest() -> None:
    assert Call("PUT", "manifests", "app", "1.0").tag == "1.0"
    assert Call("PUT", "manifests", "app", DIGEST).tag is None
    assert Call("GET", "blobs", "app", "x").tag is None


@pytest.mark.parametrize("path", [f"/v2/app/manifests/{DIGEST}", f"/v2/app/blobs/{DIGEST}", "/v2/app/blobs/uploads/u"])
def test_nothing_is_deleted_on_the_data_plane(path: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Call.parse("DELETE", path)
    assert (refused.value.status, refused.value.code) == (405, "UNSUPPORTED")


@pytest.mark.parametrize("path", ["/", "/v1/", "/v2/_catalog", "/v2/app/manifests/", "/v2/app/"])
def test_any_other_path_is_not_found(path: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Call.parse("GET", path)
    assert refused.value.status == 404
