"""The files of this repository."""

from __future__ import annotations

from goldenpath.shared import process
from tests.tools.command import ROOT


def files() -> list[str]:
    """Return the path of each: tracked ones that are there, and new ones that are not ignored."""
    listed = process.run("git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard", timeout=30).stdout.decode()
    return [name for name in listed.split("\0") if (ROOT / name).is_file()]
