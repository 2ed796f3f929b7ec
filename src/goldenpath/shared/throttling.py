"""The error for a request that a registry throttles. The quotas of ECR's calls belong to an account and region.

Source: Amazon ECR user guide, "Amazon ECR service quotas" (`Rate of PutImage requests` and the like, per second).
"""

from __future__ import annotations

from goldenpath.shared.errors import RegistryThrottled


def throttled(wish: str, why: str, operation: str) -> RegistryThrottled:
    """Return the error for a request that stayed throttled, however often it was sent.

    `wish` completes "Could not …", and `operation` is the name of the request in AWS's API.
    """
    return RegistryThrottled(
        f"Could not {wish}: there are too many requests",
        why=f'{why}. Amazon ECR has the quota "Rate of {operation} requests", for all runs of an account and region',
        fix="Run again: a re-run is safe. If it happens often, run fewer releases at the same time, or ask for a "
        "higher quota in Service Quotas",
    )
