"""Claims of applies in the bucket of the state, in an S3 emulator."""

from __future__ import annotations

import dataclasses
import json
import socket
from typing import TYPE_CHECKING

import pytest
from tests.terraform_provider import world as worlds

from goldenpath.errors import RegistryRefused, StateLocked
from goldenpath.registries import recovery_claims
from goldenpath.registries.aws.state_bucket import StateBucket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform_provider.world import World

    from goldenpath.registries.terraform.workspace import Workplace

pytestmark = pytest.mark.tools
KEY = "envs/dev/terraform.tfstate.claims/7.json"


@pytest.fixture
def workplace(terraform_world: World, tmp_path: Path) -> Workplace:
    terraform_world.forget()
    return terraform_world.workplace(worlds.checkout(tmp_path))


def test_a_claim_is_beside_the_state_until_the_apply_has_ended(terraform_world: World, workplace: Workplace) -> None:
    assert recovery_claims.of(workplace, 7) is None
    first = recovery_claims.begin(workplace, 7, "the first run")
    assert recovery_claims.of(workplace, 7) == first
    assert (first.host, first.first) == (socket.gethostname(), first.since)
    assert recovery_claims.of(workplace, 8) is None
    kept = terraform_world.client("s3").list_objects_v2(Bucket=worlds.BUCKET)["Contents"]
    assert [each["Key"] for each in kept] == [KEY]
    again = recovery_claims.begin(workplace, 7, "the second run")
    assert (again.first, again.run, again.since > first.since) == (first.first, "the second run", True)
    recovery_claims.end(workplace, 7)
    assert recovery_claims.of(workplace, 7) is None
    later = recovery_claims.begin(workplace, 7, "much later")
    assert later.first == later.since


def test_of_two_runs_at_once_one_goes_on(workplace: Workplace) -> None:
    bucket = StateBucket(workplace.bucket, workplace.variables)
    bucket.write(KEY, b"one", None)
    with pytest.raises(StateLocked, match="another run began to apply the same pull request at the same time"):
        bucket.write(KEY, b"other", None)
    read = bucket.read(KEY)
    assert read
    bucket.write(KEY, b"two", read)
    with pytest.raises(StateLocked):
        bucket.write(KEY, b"three", read)
    assert (bucket.read(KEY) or read).content == b"two"


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", json.dumps({"pull": 7}).encode()])
def test_what_is_no_claim_is_none(workplace: Workplace, content: bytes) -> None:
    StateBucket(workplace.bucket, workplace.variables).write(KEY, content, None)
    assert recovery_claims.of(workplace, 7) is None
    recovery_claims.end(workplace, 7)
    assert recovery_claims.begin(workplace, 7, "a run") == recovery_claims.of(workplace, 7)


def test_the_claim_of_another_pull_request_copied_there_is_none(workplace: Workplace) -> None:
    recovery_claims.begin(workplace, 8, "a run")
    bucket = StateBucket(workplace.bucket, workplace.variables)
    other = bucket.read(KEY.replace("7.json", "8.json"))
    assert other
    bucket.write(KEY, other.content, None)
    assert recovery_claims.of(workplace, 7) is None


def test_a_bucket_that_is_not_there_is_told(workplace: Workplace) -> None:
    with pytest.raises(RegistryRefused, match=r"could not read .* in the state bucket"):
        recovery_claims.of(dataclasses.replace(workplace, bucket="none-of-ours"), 7)
