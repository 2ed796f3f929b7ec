"""What a request to the registry means, and which tags may be written again."""

from __future__ import annotations

import base64

import pytest
from moto.ecr.models import Repository

from goldenpath.local.aws.data_plane import Call, RefusedError
from goldenpath.local.aws.ecr_store import may_overwrite
from goldenpath.local.aws.principals import Logins, Principal

DIGEST = "sha256:" + "a" * 64


def repository(mutability: str, *filters: str) -> Repository:
    excluded = [{"filter": text, "filterType": "WILDCARD"} for text in filters]
    return Repository("1", "eu-west-2", "app", None, None, "", mutability, excluded or None)  # type: ignore[abstract,arg-type]


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


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "may"),
    [
        ("MUTABLE", (), "1.0", True),
        ("IMMUTABLE", (), "1.0", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "dev-1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "a-dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("1.0",), "1x0", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "v1", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "latest", True),
    ],
)
def test_mutability_and_its_exclusions_decide_about_a_tag(
    mutability: str, filters: tuple[str, ...], tag: str, may: bool
) -> None:
    assert may_overwrite(repository(mutability, *filters), tag) is may


def test_a_login_is_known_by_its_token_and_ends() -> None:
    logins = Logins()
    login = logins.hand_out(Principal("arn:aws:iam::1:user/x"))
    assert base64.b64decode(login.token).startswith(b"AWS:")
    assert logins.find(f"Basic {login.token}") == login
    assert not login.expired
    logins.expire()
    found = logins.find(f"basic {login.token}")
    assert found is not None
    assert found.expired


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic QVdTOng=", "Bearer x"])
def test_a_login_that_was_not_handed_out_is_not_known(header: str) -> None:
    assert Logins().find(header) is None
