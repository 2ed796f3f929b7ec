from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from goldenpath.registries.aws import session
from goldenpath.registries.aws.session import StateBucket, StoredObject
from goldenpath.shared.errors import StateLocked

VARIABLES = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-2"}


@pytest.fixture
def bucket() -> StateBucket:
    return StateBucket("state", VARIABLES)


@pytest.fixture
def s3(bucket: StateBucket) -> Stubber:
    stub = Stubber(bucket._client)  # noqa: SLF001  the SDK's client is what the stubber takes the place of
    stub.activate()
    return stub


def test_an_object_is_read_with_its_version_and_a_missing_one_is_none(bucket: StateBucket, s3: Stubber) -> None:
    body = StreamingBody(io.BytesIO(b"claim"), 5)
    s3.add_response("get_object", {"Body": body, "ETag": '"1"'}, {"Bucket": "state", "Key": "k"})
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert bucket.read("k") == StoredObject(b"claim", '"1"')
    assert bucket.read("k") is None


@pytest.mark.parametrize(
    ("before", "condition"), [(None, {"IfNoneMatch": "*"}), (StoredObject(b"x", '"1"'), {"IfMatch": '"1"'})]
)
def test_an_object_is_written_only_as_it_was_read(
    bucket: StateBucket, s3: Stubber, before: StoredObject | None, condition: dict[str, Any]
) -> None:
    s3.add_response("put_object", {}, {"Bucket": "state", "Key": "k", "Body": b"new", **condition})
    bucket.write("k", b"new", before)
    s3.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_of_two_writers_the_second_is_refused(bucket: StateBucket, s3: Stubber, code: str) -> None:
    s3.add_client_error("put_object", code, http_status_code=412)
    s3.add_response("get_object", {"Body": io.BytesIO(b"of the other"), "ETag": '"1"'})
    with pytest.raises(StateLocked, match="Another run began to apply the same pull request at the same time"):
        bucket.write("k", b"new", None)


def test_a_write_whose_response_was_lost_is_known_as_its_own_when_it_is_tried_again(
    bucket: StateBucket, s3: Stubber
) -> None:
    s3.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    s3.add_response("get_object", {"Body": io.BytesIO(b"new"), "ETag": '"1"'})
    bucket.write("k", b"new", None)
    s3.assert_no_pending_responses()


def test_a_client_asks_at_the_endpoint_of_its_service_before_the_common_one() -> None:
    common = {**VARIABLES, "AWS_ENDPOINT_URL": "http://common.example"}
    own: Any = session.client("ecr", {**common, "AWS_ENDPOINT_URL_ECR": "http://ecr.example"})
    other: Any = session.client("s3", {**common, "AWS_ENDPOINT_URL_ECR": "http://ecr.example"})
    assert (own.meta.endpoint_url, other.meta.endpoint_url) == ("http://ecr.example", "http://common.example")
