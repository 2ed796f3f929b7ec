"""Fixtures of the SDK's clients: tests/unit/aws_client.py."""

from __future__ import annotations

from tests.unit.aws_client import ecr, no_login_of_this_machine, sts, stub

__all__ = ["ecr", "no_login_of_this_machine", "sts", "stub"]
