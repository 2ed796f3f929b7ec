"""The exception to request for a finding, as `.goldenpath.yml` has it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from goldenpath.delivery.model.finding import Finding

USUAL = timedelta(days=30)


def render(finding: Finding, today: date, longest: timedelta) -> str:
    """Return the entry for `finding` in YAML, without its last newline; a person writes the reason and the owner.

    It ends 30 days from `today`, or after `longest` where that is earlier.
    """
    scope = {"package": finding.package.name} if finding.package else {"fingerprint": finding.fingerprint}
    entry = {
        "gate": finding.gate.value,
        "id": finding.id,
        "scope": scope,
        "reason": "WHY THIS CAN WAIT",
        "owner": "YOUR TEAM",
        "expires": today + min(longest, USUAL),
    }
    # Ids and packages come from scanners and from what these read; the library writes them as values, in ASCII only.
    return yaml.safe_dump({"exceptions": [entry]}, sort_keys=False).strip()
