"""Find the address of a registry when the SDK's variables ask for FIPS or dual-stack endpoints.

ECR names its IPv4 address only. Sources: Amazon ECR user guide, "Making requests to Amazon ECR registries"; AWS General
Reference, "Amazon ECR endpoints and quotas"; the patterns of amazon-ecr-credential-helper.
"""

from __future__ import annotations

import re

_IPV4 = re.compile(r"(?P<scheme>https)://(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>[a-z.]+)/?")
# The domain of dual-stack addresses, by the domain of the address that is only for IPv4. Other partitions have none.
_DUAL_STACK = {"amazonaws.com": "on.aws", "amazonaws.com.cn": "on.amazonwebservices.com.cn"}


def data_plane(named: str, *, fips: bool, dual_stack: bool) -> str:
    """Return the address of the registry that ECR `named`; an emulator's, or one that fits already, as it is.

    A partition without dual-stack addresses keeps its own.
    """
    match = _IPV4.fullmatch(named)
    if match is None:
        return named
    scheme, account, region, domain = match["scheme"], match["account"], match["region"], match["domain"]
    ecr = "ecr-fips" if fips else "ecr"
    if dual_stack and domain in _DUAL_STACK:
        return f"{scheme}://{account}.dkr-{ecr}.{region}.{_DUAL_STACK[domain]}"
    return f"{scheme}://{account}.dkr.{ecr}.{region}.{domain}"
