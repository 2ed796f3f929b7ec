"""The file of an environment that has many registries, for tests and benchmarks of what edits it."""

from __future__ import annotations

from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "envs" / "dev" / "ecr.tf"
_ENTRY = '    "app-{0:04}" = {{\n      id    = "REGISTRY_APP_{0:04}"\n      owner = "t"\n      risk  = "low"\n    }}\n'


def write_crowded(checkout: Path, registries: int) -> None:
    """Write the file of dev below `checkout`, with so many registries in it."""
    opening, map_, rest = PATH.read_text().partition("  ecr_repositories = {\n")
    path = checkout / "envs" / "dev" / "ecr.tf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(opening + map_ + "".join(map(_ENTRY.format, range(registries))) + rest[rest.index("  }\n}") :])
