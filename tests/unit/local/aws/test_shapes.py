"""botocore's model decides which responses of the emulator are ECR's."""

from __future__ import annotations

from typing import Any

import pytest

from goldenpath.local.aws import shapes

RULE = {"destinations": [{"region": "eu-west-1", "registryId": "123456789012"}]}


@pytest.mark.parametrize(
    ("operation", "body", "differs"),
    [
        ("DescribeImages", {"imageDetails": [{"imagePushedAt": 1.5, "imageStatus": "ARCHIVED"}]}, ""),
        ("ListImages", {"imageIds": []}, ""),
        ("DescribeImages", {"imageDetails": [{"imageState": "ARCHIVED"}]}, 'Unknown parameter in imageDetails[0]: "im'),
        (
            "DescribeImages",
            {"imageDetails": [{"imageStatus": "GONE"}]},
            "DescribeImages.imageDetails.imageStatus is GON",
        ),
        ("DescribeImages", {"imageDetails": [{"imageTags": None}]}, "Invalid type for parameter imageDetails[0].image"),
        ("DescribeRegistry", {"replicationConfiguration": {"rules": [RULE]}}, ""),
        ("DescribeRegistry", {"replicationConfiguration": {"rules": [{}]}}, "Missing required parameter in replicatio"),
        ("DescribeEverything", {}, "ECR has no operation DescribeEverything"),
    ],
)
def test_a_response_is_compared_with_the_output_shape(operation: str, body: dict[str, Any], differs: str) -> None:
    report = shapes.mismatches(operation, body)
    assert (report[: len(differs)], bool(report)) == (differs, bool(differs))
