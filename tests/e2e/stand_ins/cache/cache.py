"""Keep a folder for later runs, and find it, as actions/cache/save and actions/cache/restore do; see README.md.

A cache belongs to the ref that saved it: its runs find it, those of pull requests onto it, and where it is the default
branch, those of every ref (GitHub, "Dependency caching", restrictions for accessing a cache).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LONGEST_KEY = 512


def main(action: str, env: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Do the `action`; without a store nothing is found and nothing is kept, which fails no job."""
    say(f"This is a stand-in for actions/cache/{action}.")
    given = {name: value.strip() for name, value in json.loads(env["INPUTS"]).items()}
    if "STAND_IN_CACHES" not in env:
        say("::warning::There is no cache service.")
        return 0
    prefixes = [line.strip() for line in given.get("restore-keys", "").splitlines() if line.strip()]
    for key in (given["key"], *prefixes):
        if len(key) > _LONGEST_KEY or "," in key:
            say(f"::error::Key Validation Error: {key} is too long or contains commas.")
            return 1
    store, path = Path(env["STAND_IN_CACHES"]), Path(given["path"])
    if action == "save":
        say(save(path, store / quote(env["GITHUB_REF"], safe=""), given["key"]))
        return 0
    found = next(matching(store, env, given["key"], prefixes), None)
    if found is None:
        say(f"Cache not found for input keys: {given['key']}, {', '.join(prefixes)}")
        return 0
    shutil.copytree(found, path, symlinks=True)
    key = (found.parent / f"{found.name}.key").read_text(encoding="utf-8")
    say(f"Cache restored from key: {key}")
    with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"cache-matched-key={key}\ncache-hit={str(key == given['key']).lower()}\n")
    return 0


def save(path: Path, scope: Path, key: str) -> str:
    """Keep the folder `path` in `scope`, with its key beside it, and return what the log says."""
    place = scope / quote(key, safe="")
    if place.exists():
        return "Unable to reserve cache: another job may be creating this cache, or it exists."
    shutil.copytree(path, place, symlinks=True)
    place.with_name(f"{place.name}.key").write_text(key, encoding="utf-8")
    return f"Cache saved with key: {key}"


def matching(store: Path, env: Mapping[str, str], key: str, prefixes: list[str]) -> Iterator[Path]:
    """Yield what this run may find under `key` or, the newest first, what begins with one of `prefixes`."""
    for ref in scopes(env):
        folder = store / quote(ref, safe="")
        kept = sorted(folder.glob("*.key"), key=lambda each: each.stat().st_mtime_ns, reverse=True)
        named = [(each.read_text(encoding="utf-8"), each.with_name(each.name.removesuffix(".key"))) for each in kept]
        yield from (place for name, place in named if name == key)
        yield from (place for prefix in prefixes for name, place in named if name.startswith(prefix))


def scopes(env: Mapping[str, str]) -> list[str]:
    """Return the refs whose caches this run may read: its own, a pull request's base, and the default branch."""
    event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_bytes())
    branches = (env.get("GITHUB_BASE_REF", ""), event.get("repository", {}).get("default_branch", ""))
    return list(dict.fromkeys([env["GITHUB_REF"], *(f"refs/heads/{each}" for each in branches if each)]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], os.environ, print))
