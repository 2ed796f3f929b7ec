"""The table of attacks: each module that is named here enters its rows."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.attacks.attack import ATTACKS, Attack

for _module in sorted(Path(__file__).parent.glob("hole_*.py")):
    importlib.import_module(f"tests.attacks.{_module.stem}")

ALL: tuple[Attack, ...] = tuple(ATTACKS)
IN_PROCESS = tuple(each for each in ALL if not each.under_runner)
# The holes in how registries are requested, reviewed and applied: most of their attacks run Terraform.
_OF_REGISTRIES = {4, 5, 10, 11, 15, 16}
ON_REGISTRIES = tuple(each for each in IN_PROCESS if each.hole in _OF_REGISTRIES)
ON_DELIVERIES = tuple(each for each in IN_PROCESS if each.hole not in _OF_REGISTRIES)
UNDER_RUNNER = tuple(each for each in ALL if each.under_runner)
