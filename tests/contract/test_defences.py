"""Each attack names the defence that stops it. A name that nothing has any more would prove nothing."""

from __future__ import annotations

import pytest
from tests.attacks.attack import Edit, Patch
from tests.attacks.table import ALL
from tests.tools.command import ROOT

DEFENCES = {defence for attack in ALL for defence in attack.defences}
PATCHES = sorted({defence.target for defence in DEFENCES if isinstance(defence, Patch)})
EDITS = sorted({(defence.path, defence.old) for defence in DEFENCES if isinstance(defence, Edit)})


@pytest.mark.parametrize("target", PATCHES)
def test_a_function_that_an_attack_takes_away_is_there(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, None)


@pytest.mark.parametrize(("path", "old"), EDITS)
def test_a_text_that_an_attack_takes_away_is_there(path: str, old: str) -> None:
    assert old in (ROOT / path).read_text()
