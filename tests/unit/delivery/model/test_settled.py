"""Records of settled secrets as they are written."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from goldenpath.delivery.model.settled import Settlement
from goldenpath.delivery.rules import settled
from goldenpath.shared.names import Commit
from tests.unit.builders import secret

if TYPE_CHECKING:
    from goldenpath.delivery.model.finding import Finding

TODAY, TIP, NOWHERE = date(2026, 11, 28), Commit("b" * 40), Path("/nowhere")


GONE: Finding = changed(secret(), fingerprint="0123456789abcdef" * 2, in_history_only=True)


RECORD = Settlement(GONE.fingerprint, GONE.id, GONE.location.path, "revoked, SEC-12", "security team", TODAY)


def test_a_record_is_read_as_it_was_written() -> None:
    hostile = replace_path("a: b\n  - #'\"\u2028é.py")
    assert settled.parse(settled.render([RECORD, hostile])) == (RECORD, hostile)


def replace_path(path: str) -> Settlement:
    return changed(RECORD, path=path)
