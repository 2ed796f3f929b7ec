"""Which address of a registry is spoken to."""

from __future__ import annotations

import pytest

from goldenpath.delivery.registry.ecr_endpoint import data_plane

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("region", "domain", "fips", "dual_stack", "expected"),
    [
        ("eu-west-2", "amazonaws.com", False, False, "dkr.ecr.eu-west-2.amazonaws.com"),
        ("eu-west-2", "amazonaws.com", False, True, "dkr-ecr.eu-west-2.on.aws"),
        ("us-east-1", "amazonaws.com", True, False, "dkr.ecr-fips.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com", True, True, "dkr-ecr-fips.us-gov-west-1.on.aws"),
        ("cn-north-1", "amazonaws.com.cn", False, True, "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu", False, True, "dkr.ecr.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_the_data_plane_follows_what_the_sdk_was_asked_for(
    region: str, domain: str, expected: str, *, fips: bool, dual_stack: bool
) -> None:
    found = data_plane(f"https://{ACCOUNT}.dkr.ecr.{region}.{domain}", fips=fips, dual_stack=dual_stack)
    assert found == f"https://{ACCOUNT}.{expected}"


@pytest.mark.parametrize(
    "named",
    [
        "http://127.0.0.1:5000",
        f"https://{ACCOUNT}.dkr-ecr.eu-west-2.on.aws",
        f"https://{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com",
        f"http://{ACCOUNT}.dkr.ecr.eu-west-2.amazonaws.com",
        f"https://{ACCOUNT}.dkr.ecr.eu-west-2.localhost.localstack.cloud:4566",
    ],
)
def test_an_emulators_address_stays_as_it_is(named: str) -> None:
    assert data_plane(named, fips=True, dual_stack=True) == named
