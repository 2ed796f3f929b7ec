"""Take what an earlier run saved, as actions/cache/restore does."""

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
    """Restore what the inputs name; return the exit code."""

    def act(given: Mapping[str, str]) -> str:
        keys = [given["key"], *filter(None, map(str.strip, given["restore-keys"].splitlines()))]
        key = caches.restore(Path(env["GITHUB_WORKSPACE"], given["path"]), env, keys)
        if not key:
            return f"Cache not found for input keys: {', '.join(keys)}"
        with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
            outputs.write(f"cache-matched-key={key}\ncache-hit={str(key == keys[0]).lower()}\n")
        return f"Cache restored from key: {key}"

    return caches.main(env, say, act)


if __name__ == "__main__":
    raise SystemExit(main(os.environ, print))
