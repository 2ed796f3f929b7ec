"""The policy that is shipped."""

from __future__ import annotations

from importlib import resources

FOLDER = resources.files("goldenpath.policy")


TEXT = (FOLDER / "environments.yaml").read_text(encoding="utf-8")
