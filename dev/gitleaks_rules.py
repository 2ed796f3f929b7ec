"""Renew the rules that gitleaks is given, from the pinned version's own: `python dev/gitleaks_rules.py [--check]`.

They are gitleaks' own but for what weakens all of them at once; `MENDED` says what, and why.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from goldenpath.errors import BadInput
from goldenpath.tools import process
from goldenpath.tools.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = Path(__file__).resolve().parent.parent / "src" / "goldenpath" / "tools" / "gitleaks.toml"
_HEAD = """# The rules of gitleaks {version} (MIT, Copyright (c) 2019 Zachary Rice), written by dev/gitleaks_rules.py.
# What lets all of them pass a secret is changed in two places. No path is left out: a name makes no secret harmless.
# And "false" within a word, or "null" at its end, does not either: one random token of some 450,000 was not seen.
# One rule is written so that it does not find itself in this file; it finds the same.

"""
# What gitleaks has, what ends it, and what is in its place. "true" is anchored at one end only, "null" at the other.
MENDED = (
    ("paths = [\n    '''gitleaks\\.toml''',\n", "]\n", ""),
    ("    '''(?i)^true|false|null$''',", "\n", "    '''^(?i:true|false|null)$''',\n"),
    ("regex = '''bedrock-api-key-", "YmV", "regex = '''bedrock-api-[k]ey-YmV"),
)


def mended(text: str, version: str) -> str:
    """Return the rules `text` of gitleaks `version` with the changes. Raises `BadInput` where they do not fit."""
    for begin, end, instead in MENDED:
        before, found, after = text.partition(begin)
        if not found or begin in after:
            raise BadInput(f"gitleaks {version} has not one {begin.strip()!r}", fix="look at what MENDED is about")
        text = before + instead + after.partition(end)[2]
    return _HEAD.format(version=version) + text[text.index("title = ") :]


def published(module: str, version: str) -> str:
    """Return the rules in the source of gitleaks, which Go fetches and checks. Raises `ToolFailed`, `ToolMissing`."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-rules-") as folder:
        words = ("go", "mod", "download", "-json", f"{module}@v{version}")
        told = process.run(*words, timeout=300, cwd=Path(folder)).stdout
    return (Path(json.loads(told)["Dir"]) / "config" / "gitleaks.toml").read_text(encoding="utf-8")


def main(argv: Sequence[str]) -> int:
    """Write the rules, or with `--check` return 1 where they are not those of the pinned version."""
    tool = next(each for each in Toolchain.load().tools if each.name == "gitleaks")
    rules = mended(published(tool.go.module if tool.go else "", tool.version), tool.version)
    if "--check" in argv:
        return int(RULES.read_text(encoding="utf-8") != rules)
    RULES.write_text(rules, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
