"""Print the changelog's part for a release: `python dev/release_notes.py v1.2.3`; with `--check`, say whether it fits.

A release fits when its version is the one in pyproject.toml and in the package, and CHANGELOG.md has a dated part for
it. Only the standard library is used here.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PART = r"^## {version}(?P<date> - \d{{4}}-\d{{2}}-\d{{2}})?\n(?P<notes>.*?)(?=^## |\Z)"


def main(tag: str, *, check: bool) -> int:
    """Print the notes of `tag`, or what does not fit; 1 when something does not."""
    version = tag.removeprefix("v")
    part = notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    wrong = mistakes(version, part)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    print(f"{tag} fits" if check else part)
    return 0


def notes(changelog: str, version: str) -> str:
    """Return what the text `changelog` says of `version`; empty when there is no dated part for it."""
    match = re.search(_PART.format(version=re.escape(version)), changelog, re.MULTILINE | re.DOTALL)
    return match["notes"].strip() if match and match["date"] else ""


def mistakes(version: str, part: str) -> list[str]:
    """Return what speaks against releasing `version`, whose notes are `part`."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    package = (ROOT / "src" / "goldenpath" / "__init__.py").read_text(encoding="utf-8")
    wrong = [] if declared == version else [f"pyproject.toml has version {declared}, not {version}"]
    if f'"{version}"' not in package:
        wrong.append(f"src/goldenpath/__init__.py does not say {version}")
    if not part:
        wrong.append(f"CHANGELOG.md has no part `## {version} - YYYY-MM-DD`")
    return wrong


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--check"]
    if len(words) != 1:
        raise SystemExit(__doc__)
    raise SystemExit(main(words[0], check="--check" in sys.argv))
