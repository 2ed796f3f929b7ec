"""The resources of S3 that the bucket of a state is made of, with the arguments that our modules use."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.terraform_provider.settings import (
    Nested,
    NestedSet,
    Setting,
    State,
    as_tags,
    computed,
    flag,
    same_json,
    tags,
    text,
)

_BUCKET = text("bucket", required=True, requires_replace=True)
_BLOCKS = {
    "block_public_acls": "BlockPublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "ignore_public_acls": "IgnorePublicAcls",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


class Bucket(Setting):
    """The stand-in's `resource "aws_s3_bucket"`."""

    NAME = "s3_bucket"
    SERVICE = "s3"
    ATTRIBUTES = (
        computed("arn"), text("bucket", required=False, optional=True, requires_replace=True), computed("id"),
        flag("force_destroy"), tags(),
    )  # fmt: skip

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401
        name = planned["bucket"]
        if current is None:
            where = {"LocationConstraint": self.provider.region}
            client.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        if wanted := as_tags(planned.get("tags")):
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": wanted})
        return {"arn": f"arn:aws:s3:::{name}", "id": name}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            client.head_bucket(Bucket=current["id"])
        except ClientError:
            return None
        return {}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_bucket(Bucket=current["id"])


class BucketVersioning(Setting):
    """The stand-in's `resource "aws_s3_bucket_versioning"`."""

    NAME = "s3_bucket_versioning"
    SERVICE = "s3"
    ATTRIBUTES = (_BUCKET, computed("id"))
    BLOCKS = (Nested("versioning_configuration", [text("status", required=True)]),)

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        status = planned["versioning_configuration"][0]["status"]
        client.put_bucket_versioning(Bucket=planned["bucket"], VersioningConfiguration={"Status": status})
        return {"id": planned["bucket"]}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        status = client.get_bucket_versioning(Bucket=current["bucket"]).get("Status", "Suspended")
        return {"versioning_configuration": [{"status": status}]}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.put_bucket_versioning(Bucket=current["bucket"], VersioningConfiguration={"Status": "Suspended"})


class BucketEncryption(Setting):
    """The stand-in's `resource "aws_s3_bucket_server_side_encryption_configuration"`."""

    NAME = "s3_bucket_server_side_encryption_configuration"
    SERVICE = "s3"
    ATTRIBUTES = (_BUCKET, computed("id"))
    BLOCKS = (
        NestedSet(
            "rule", [], Nested("apply_server_side_encryption_by_default", [text("sse_algorithm", required=True)])
        ),
    )

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        rules = [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": default["sse_algorithm"]}}
            for rule in planned["rule"]
            for default in rule["apply_server_side_encryption_by_default"]
        ]
        client.put_bucket_encryption(Bucket=planned["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})
        return {"id": planned["bucket"]}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            seen = client.get_bucket_encryption(Bucket=current["bucket"])["ServerSideEncryptionConfiguration"]
        except ClientError:
            return None
        defaults = [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in seen["Rules"]]
        return {"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": name}]} for name in defaults]}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_bucket_encryption(Bucket=current["bucket"])


class BucketPublicAccessBlock(Setting):
    """The stand-in's `resource "aws_s3_bucket_public_access_block"`."""

    NAME = "s3_bucket_public_access_block"
    SERVICE = "s3"
    ATTRIBUTES = (_BUCKET, computed("id"), *(flag(name) for name in _BLOCKS))

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        wanted = {theirs: bool(planned.get(ours)) for ours, theirs in _BLOCKS.items()}
        client.put_public_access_block(Bucket=planned["bucket"], PublicAccessBlockConfiguration=wanted)
        return {"id": planned["bucket"]}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            seen = client.get_public_access_block(Bucket=current["bucket"])["PublicAccessBlockConfiguration"]
        except ClientError:
            return None
        return {ours: seen[theirs] for ours, theirs in _BLOCKS.items()}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_public_access_block(Bucket=current["bucket"])


class BucketPolicy(Setting):
    """The stand-in's `resource "aws_s3_bucket_policy"`."""

    NAME = "s3_bucket_policy"
    SERVICE = "s3"
    ATTRIBUTES = (_BUCKET, computed("id"), text("policy", required=True))

    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401, ARG002
        client.put_bucket_policy(Bucket=planned["bucket"], Policy=planned["policy"])
        return {"id": planned["bucket"]}

    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        try:
            seen = client.get_bucket_policy(Bucket=current["bucket"])["Policy"]
        except ClientError:
            return None
        return {"policy": same_json(current["policy"], json.dumps(json.loads(seen)))}

    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        client.delete_bucket_policy(Bucket=current["bucket"])
