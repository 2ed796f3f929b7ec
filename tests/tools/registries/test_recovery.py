"""Claims of applies in the bucket of the state, in an S3 emulator."""

from __future__ import annotations

import dataclasses
import json
import socket
from typing import TYPE_CHECKING

import pytest
from tests.terraform_provider import world as worlds

from goldenpath.registries import recovery
from goldenpath.registries.aws.session import StateBucket
from goldenpath.shared.errors import RegistryRefused, StateLocked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

    from goldenpath.registries.terraform.planning import TerraformWorkspace

pytestmark = pytest.mark.tools
KEY = "envs/dev/terraform.tfstate.claims/7.json"


@pytest.fixture
def workspace(terraform_world: World, tmp_path: Path) -> TerraformWorkspace:
    terraform_world.forget()
    return terraform_world.workspace(worlds.checkout(tmp_path))


def test_a_claim_is_beside_the_state_until_the_apply_has_ended(
    terraform_world: World, workspace: TerraformWorkspace
) -> None:
    assert recovery.unfinished_claim(workspace, 7) is None
    first = recovery.begin_claim(workspace, 7, "the first run")
    assert recovery.unfinished_claim(workspace, 7) == first
    assert (first.host, first.first) == (socket.gethostname(), first.since)
    assert recovery.unfinished_claim(workspace, 8) is None
    kept = terraform_world.client("s3").list_objects_v2(Bucket=worlds.BUCKET)["Contents"]
    assert [each["Key"] for each in kept] == [KEY]
    again = recovery.begin_claim(workspace, 7, "the second run")
    assert (again.first, again.run, again.since > first.since) == (first.first, "the second run", True)
    recovery.end_claim(workspace, 7)
    assert recovery.unfinished_claim(workspace, 7) is None
    later = recovery.begin_claim(workspace, 7, "much later")
    assert later.first == later.since


def test_of_two_runs_at_once_one_goes_on(workspace: TerraformWorkspace) -> None:
    bucket = StateBucket(workspace.bucket, workspace.variables)
    bucket.write(KEY, b"one", None)
    with pytest.raises(StateLocked, match="Another run began to apply the same pull request at the same time"):
        bucket.write(KEY, b"other", None)
    read = bucket.read(KEY)
    assert read
    bucket.write(KEY, b"two", read)
    with pytest.raises(StateLocked):
        bucket.write(KEY, b"three", read)
    assert (bucket.read(KEY) or read).content == b"two"


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", json.dumps({"pull": 7}).encode()])
def test_what_is_no_claim_is_none(workspace: TerraformWorkspace, content: bytes) -> None:
    StateBucket(workspace.bucket, workspace.variables).write(KEY, content, None)
    assert recovery.unfinished_claim(workspace, 7) is None
    recovery.end_claim(workspace, 7)
    assert recovery.begin_claim(workspace, 7, "a run") == recovery.unfinished_claim(workspace, 7)


def test_the_claim_of_another_pull_request_copied_there_is_none(workspace: TerraformWorkspace) -> None:
    recovery.begin_claim(workspace, 8, "a run")
    bucket = StateBucket(workspace.bucket, workspace.variables)
    other = bucket.read(KEY.replace("7.json", "8.json"))
    assert other
    bucket.write(KEY, other.content, None)
    assert recovery.unfinished_claim(workspace, 7) is None


def test_a_bucket_that_is_not_there_is_told(workspace: TerraformWorkspace) -> None:
    with pytest.raises(RegistryRefused, match=r"Could not read .* in the state bucket"):
        recovery.unfinished_claim(dataclasses.replace(workspace, bucket="none-of-ours"), 7)
