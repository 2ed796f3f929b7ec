"""`goldenpath settle`: secrets that only history has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as changed

from goldenpath.delivery.adoption import settle
from goldenpath.delivery.adoption.settle import ReportedSecret, SettleResult
from goldenpath.delivery.model.settled import Settlement
from goldenpath.delivery.rules import settled
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import Commit
from tests.unit.builders import secret, vulnerability

if TYPE_CHECKING:
    from goldenpath.delivery.model.finding import Finding

TODAY, TIP, NOWHERE = date(2026, 11, 28), Commit("b" * 40), Path("/nowhere")


GONE: Finding = changed(secret(), fingerprint="0123456789abcdef" * 2, in_history_only=True)


RECORD = Settlement(GONE.fingerprint, GONE.id, GONE.location.path, "revoked, SEC-12", "security team", TODAY)


def test_settle_records_what_only_history_has_and_what_is_not_recorded() -> None:
    other = changed(GONE, fingerprint="f" * 32, location=changed(GONE.location, path="b.py"))
    still = changed(GONE, fingerprint="e" * 32, in_history_only=False)
    wanted = settle.SettleRequest(NOWHERE, "a team", "rotated", frozenset())
    (record,) = settle.records(wanted, [GONE, other, still], [RECORD], TODAY)
    assert record == Settlement("f" * 32, "github-pat", "b.py", "rotated", "a team", TODAY)


@pytest.mark.parametrize("field", ["recorded", "already_recorded", "checked_out"])
def test_settle_reports_each_secret_once(field: str) -> None:
    secret_of = {
        "recorded": changed(GONE, fingerprint="f" * 32),
        "already_recorded": GONE,
        "checked_out": changed(GONE, in_history_only=False),
    }[field]
    result = settle.sorted_out([secret_of], [RECORD], NOWHERE / settled.FILE)
    place = ReportedSecret("github-pat", "config.py", 3, secret_of.fingerprint)
    nothing: dict[str, tuple[ReportedSecret, ...]] = {"recorded": (), "already_recorded": (), "checked_out": ()}
    assert result == SettleResult("/nowhere/.goldenpath-settled.yml", **{**nothing, field: (place,)})


def test_settle_refuses_a_fingerprint_that_nothing_has() -> None:
    wanted = settle.SettleRequest(NOWHERE, "a team", "rotated", frozenset({"no"}))
    with pytest.raises(BadInput, match="No secret in this repository has the fingerprint no"):
        settle.selected_secrets(wanted, [GONE, vulnerability()])
    one = replace(wanted, fingerprints=frozenset({GONE.fingerprint}))
    assert settle.selected_secrets(one, [GONE, secret("other.py")]) == (GONE,)
