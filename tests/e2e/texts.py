"""The workflows, the templates and the example, as files and as what YAML reads in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import platform_copy
from tests.tools.command import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DELIVERY = ROOT / ".github" / "workflows" / "_build-and-release.yml"
TEMPLATES = sorted(platform_copy.TEMPLATES.glob("*.yml"))
EXAMPLE = ROOT / "examples" / "wordpress" / ".github" / "workflows" / "delivery.yml"


@cache
def read(path: Path) -> dict[Any, Any]:
    """Return what stands in a workflow. YAML 1.1 reads the key `on` as true."""
    tree: dict[Any, Any] = yaml.safe_load(path.read_text())
    return tree


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """Return the jobs of a workflow by name."""
    found: dict[str, dict[str, Any]] = read(path)["jobs"]
    return found


def named(path: Path) -> str:
    """Return what a test calls the file."""
    return path.name if path != EXAMPLE else "the example"
