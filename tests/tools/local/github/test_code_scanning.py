"""Uploads of SARIF, by the clients that people use."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

import pytest
from github import Auth, Github, GithubException
from tests.doubles.github.api import UploadRefusal
from tests.doubles.local import LocalWithGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWithGitHub]:
    with LocalWithGitHub.start(tmp_path_factory.mktemp("local")) as local:
        local.create_repository("app")
        local.create_repository("other")
        local.create_role("deliver", subjects=("repo:local/app:*",))
        yield local


@pytest.fixture
def github(local: LocalWithGitHub) -> Iterator[Github]:
    environment = local.environment()
    client = Github(base_url=environment["GITHUB_API_URL"], auth=Auth.Token(environment["GITHUB_TOKEN"]), retry=None)
    yield client
    client.close()


def sarif_upload() -> dict[str, str]:
    run = {"tool": {"driver": {"name": "trivy"}}, "automationDetails": {"id": "trivy/app/"}, "results": []}
    packed = gzip.compress(json.dumps({"version": "2.1.0", "runs": [run]}).encode())
    return {"commit_sha": "b" * 40, "ref": "refs/heads/main", "sarif": base64.b64encode(packed).decode()}


def test_pygithub_uploads_sarif_and_sees_it_processed(local: LocalWithGitHub, github: Github) -> None:
    repository = github.get_repo("local/app")
    requester = repository.requester
    _, taken = requester.requestJsonAndCheck("POST", f"{repository.url}/code-scanning/sarifs", input=sarif_upload())
    seen = [requester.requestJsonAndCheck("GET", taken["url"])[1]["processing_status"] for _ in range(2)]
    assert seen == ["pending", "complete"]
    upload = local.uploads()[-1]
    assert (upload.id, upload.repository, upload.commit_sha) == (taken["id"], "local/app", "b" * 40)


@pytest.mark.parametrize("refusal", UploadRefusal)
def test_pygithub_sees_why_an_upload_is_refused(local: LocalWithGitHub, github: Github, refusal: UploadRefusal) -> None:
    repository = github.get_repo("local/app")
    local.refuse_uploads(refusal)
    with pytest.raises(GithubException) as refused:
        repository.requester.requestJsonAndCheck("POST", f"{repository.url}/code-scanning/sarifs", input=sarif_upload())
    local.refuse_uploads(None)
    assert (refused.value.status, refused.value.data["message"]) == (403, refusal.value)
