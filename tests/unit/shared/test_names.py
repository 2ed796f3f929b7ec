from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.shared.names import Commit, Digest, EcrRepository, Name, Platform, Ref, Region, RoleArn, Tag, Version

GOOD: list[tuple[type[Name], str]] = [
    (Digest, "sha256:" + "0" * 64),
    (Commit, "a" * 40),
    (Commit, "b" * 64),
    (Tag, "a1b2c3d"),
    (Tag, "dev-a1b2c3d"),
    (Tag, "_" + "x" * 127),
    (EcrRepository, "my-app"),
    (EcrRepository, "team/my-app_2.x"),
    (EcrRepository, "ab"),
    (Platform, "linux/arm/v7"),
    (Version, "1.4.2-rc.1"),
    (Region, "eu-west-2"),
    (Region, "us-gov-west-1"),
    (Region, "eusc-de-east-1"),
    (RoleArn, "arn:aws:iam::123456789012:role/path/deliver-dev"),
    (RoleArn, "arn:aws-eusc:iam::123456789012:role/deliver-dev"),
    (RoleArn, "arn:aws-iso-b:iam::123456789012:role/deliver-dev"),
]
BAD: list[tuple[type[Name], str]] = [
    (Digest, "sha256:" + "0" * 63),
    (Digest, "md5:" + "0" * 64),
    (Commit, "HEAD"),
    (Commit, "A" * 40),
    (Tag, ""),
    (Tag, "-rf"),
    (Tag, ".hidden"),
    (Tag, "x" * 129),
    (Tag, "a b"),
    (Tag, "latest\n"),
    (EcrRepository, "a"),
    (EcrRepository, "My-App"),
    (EcrRepository, "../escape"),
    (EcrRepository, "a--b/$(id)"),
    (EcrRepository, "x" * 257),
    (Platform, "linux"),
    (Region, "eu-west"),
    (Region, "eurozone-de-east-1"),
    (Region, "eu-west-٢"),
    (RoleArn, "arn:aws:iam::12:role/x"),
    (RoleArn, "arn:aws:iam::123456789012:user/x"),
]


@pytest.mark.parametrize(("kind", "raw"), GOOD)
def test_a_good_name_is_itself(kind: type[Name], raw: str) -> None:
    assert kind(raw) == raw


@pytest.mark.parametrize(("kind", "raw"), BAD)
def test_a_bad_name_is_refused_with_the_rule(kind: type[Name], raw: str) -> None:
    with pytest.raises(ValueError, match=r"is not (an?|the) ") as caught:
        kind(raw)
    assert kind.rule in str(caught.value)


@given(st.text())
def test_the_refusal_of_any_text_is_one_printable_line(raw: str) -> None:
    try:
        Tag(raw)
    except ValueError as error:
        assert str(error).isprintable()


def test_a_digest_of_bytes_is_their_sha256() -> None:
    assert Digest.of(b"").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_commit_is_short_with_seven_digits() -> None:
    assert Commit("a1b2c3d4" + "0" * 32).short == "a1b2c3d"


def test_every_region_that_the_sdk_knows_is_one_and_in_the_partition_that_the_sdk_has_it_in() -> None:
    known = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_bytes())["partitions"]
    regions = {name: each["id"] for each in known for name in each["regions"] if not name.endswith("-global")}
    assert {name: Region(name).aws_partition for name in regions} == regions
    assert {"eu-west-2", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"} <= {*regions}
    assert {*regions.values()} == {each["id"] for each in known}


@pytest.mark.parametrize("raw", ["refs/heads/main", "refs/heads/feature/a.b@c", "refs/tags/v1.4.2", "refs/heads/ü"])
def test_a_branch_or_tag_is_named_in_full(raw: str) -> None:
    assert Ref(raw) == raw
    assert Ref(raw).is_tag is raw.startswith("refs/tags/")


@pytest.mark.parametrize(
    "raw",
    [
        "main", "HEAD", "refs/heads/", "refs/pull/1/merge", "refs/heads/-x", "refs/heads/a..b", "refs/heads/a b",
        "refs/heads/a*", "refs/heads/a:b", "refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a@{1}",
        "refs/heads/a/", "refs/heads/a//b", "refs/heads/.a", "refs/heads/a/.b", "refs/heads/a.", "refs/heads/a\\b",
        "refs/heads/a\nb", "refs/heads/a^{}",
    ],
)  # fmt: skip
def test_what_git_takes_for_no_branch_is_no_ref(raw: str) -> None:
    with pytest.raises(ValueError, match="is not the full name of a branch or tag"):
        Ref(raw)
