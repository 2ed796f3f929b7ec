"""A login to a registry's data plane: what the AWS SDK gives for ECR, and a token service for every other registry.

It stands apart from both, so that whoever reads a public registry need not load the SDK.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Login:
    """How to speak to the registry's data plane: its address with scheme, and the header that opens it."""

    endpoint: str
    authorization: str
    secrets: tuple[str, ...]
