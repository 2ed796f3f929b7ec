"""Keep a folder for later runs, as actions/cache/save does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import caches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def main(env: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Keep what the inputs name; return the exit code."""
    folder = Path(env["GITHUB_WORKSPACE"])
    return caches.main(env, say, lambda given: caches.save(folder / given["path"], env, given["key"]))


if __name__ == "__main__":
    raise SystemExit(main(os.environ, print))
