"""Pin the rules of gitleaks, after its version or one of our changes was edited: `python dev/gitleaks_rules.py`.

Go fetches and checks gitleaks' source. Its size and hash, and its hash with our changes, are written into
toolchain.yaml. With `--check` nothing is written, and the exit status is 1 where they differ.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from goldenpath.shared import codec, gitleaks_rules, pins, process
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.shared.pins import Tool


def published(tool: Tool) -> bytes:
    """Return the rules in the source of gitleaks, which Go fetches and checks. Raises `ToolFailed`, `ToolMissing`."""
    module = tool.go.module if tool.go else ""
    with tempfile.TemporaryDirectory(prefix="goldenpath-rules-") as folder:
        words = ("go", "mod", "download", "-json", f"{module}@v{tool.version}")
        printed = process.run(*words, timeout=300, cwd=Path(folder)).stdout
    return (Path(json.loads(printed)["Dir"]) / "config" / "gitleaks.toml").read_bytes()


def repinned(table: str, rules: bytes) -> str:
    """Return the text of the table with what `rules` are. Raises `BadInput` where a change has not one place."""
    text = rules.decode()
    for change in gitleaks_rules.CHANGES:
        if text.count(change.begins) != 1:
            what = f"gitleaks' rules have {change.begins.strip()!r} {text.count(change.begins)} times, not once"
            raise BadInput(what, fix="look at what the change is about in src/goldenpath/shared/gitleaks_rules.py")
    values = {
        "begins": f"'{text.partition(chr(10))[0]}'",
        "size": str(len(rules)),
        "published": gitleaks_rules.sha256(rules),
        "changed": gitleaks_rules.sha256(gitleaks_rules.changed(rules)),
    }
    before, heading, after = table.partition("  rules:\n")
    for name, value in values.items():
        after = re.sub(rf"^    {name}: .*$", f"    {name}: {value}", after, count=1, flags=re.MULTILINE)
    return before + heading + after


def main(argv: Sequence[str]) -> int:
    """Pin the rules of the pinned version; return the exit status."""
    tool = next(tool_with_rules for tool_with_rules in pins.load() if tool_with_rules.rules)
    table = pins.TABLE.read_text(encoding="utf-8")
    renewed = repinned(table, published(tool))
    if "--check" in argv:
        return int(renewed != table)
    codec.write_bytes(pins.TABLE, renewed.encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
