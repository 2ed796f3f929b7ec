"""Take gitleaks' own rules out of its program, and apply our changes to them.

They are neither copied into this repository nor downloaded. The table of pinned tools has the SHA-256 of the rules as
published and of the rules with the changes (docs/adr/0022-nobody-elses-text.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.shared.errors import ToolHashMismatch

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.pins import Rules


@dataclass(frozen=True)
class Change:
    """A change to the published rules: the text from `begins` to `ends` is replaced with `instead`."""

    begins: str
    ends: str
    instead: str = ""


CHANGES = (
    # No path is left out: a name makes no secret harmless.
    Change(begins="paths = [\n    '''gitleaks\\.toml''',\n", ends="]\n"),
    # As published, "true" is anchored at its beginning only, "null" at its end only and "false" nowhere: one random
    # token of some 450,000 was not reported.
    Change(
        begins="    '''(?i)^true|false|null$''',",
        ends="\n",
        instead="    '''^(?i:true|false|null)$''',\n",
    ),
)


def read(program: Path, pinned: Rules) -> bytes:
    """Return the rules in the gitleaks at `program` with our changes.

    Raises `ToolHashMismatch` when the table pins others, as published or as changed.
    """
    published = _carried(program, pinned)
    if (digest := sha256(published)) != pinned.published:
        raise _mismatch(program, f"SHA-256 of what was found in it is {digest}, pinned is {pinned.published}")
    rules = changed(published)
    if (digest := sha256(rules)) != pinned.changed:
        raise _mismatch(program, f"with our changes SHA-256 is {digest}, pinned is {pinned.changed}")
    return rules


def changed(published: bytes) -> bytes:
    """Return the rules `published` with `CHANGES`; dev/gitleaks_rules.py pins no rules that they do not fit."""
    text = published.decode()
    for change in CHANGES:
        before, _, after = text.partition(change.begins)
        text = before + change.instead + after.partition(change.ends)[2]
    return text.encode()


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content`, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _carried(program: Path, pinned: Rules) -> bytes:
    """Return the pinned number of bytes from where the rules begin in the file `program`; nothing if nowhere."""
    content = program.read_bytes()
    start = content.find(pinned.begins.encode() + b"\n")
    return content[start : start + pinned.size] if start >= 0 else b""


def _mismatch(program: Path, why: str) -> ToolHashMismatch:
    return ToolHashMismatch(
        f"The rules in {program} are not the pinned ones; they were not used",
        why=why,
        fix="If you changed the version of gitleaks or our changes, run `python dev/gitleaks_rules.py`; else find out "
        f"who changed the program, remove the folder {program.parent} and run `goldenpath tools install`",
    )
