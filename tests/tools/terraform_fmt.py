"""Terraform's own layout of a file."""

from __future__ import annotations

from goldenpath.registries.terraform import program
from goldenpath.shared import process


def formatted(text: str) -> str:
    """Return `text` as `terraform fmt` writes it. Raises `ToolFailed` when it is not Terraform's language."""
    return process.run(program.find_program(), "fmt", "-", stdin=text.encode(), timeout=60).stdout.decode()
