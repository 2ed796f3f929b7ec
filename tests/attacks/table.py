"""The table of attacks: each module that is named here enters its rows."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.attacks.attack import ATTACKS, Attack

for _module in sorted(Path(__file__).parent.glob("hole_*.py")):
    importlib.import_module(f"tests.attacks.{_module.stem}")

ALL: tuple[Attack, ...] = tuple(ATTACKS)
IN_PROCESS = tuple(each for each in ALL if not each.under_runner)
UNDER_RUNNER = tuple(each for each in ALL if each.under_runner)
