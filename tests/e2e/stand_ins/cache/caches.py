"""Where caches are kept for later runs, by ref and key, and which of them a run finds; see README.md.

A cache belongs to the ref that saved it: its runs find it, those of pull requests onto it, and where it is the default
branch, those of every ref (GitHub, "Dependency caching", restrictions for accessing a cache).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LONGEST_KEY = 512


class InvalidKey(Exception):
    """No cache can have this key."""


def main(env: Mapping[str, str], say: Callable[[str], None], act: Callable[[Mapping[str, str]], str]) -> int:
    """Do `act` with the inputs and say what it says; without a store there is nothing, which fails no job."""
    say("This is a stand-in for an action of actions/cache.")
    if "STAND_IN_CACHES" not in env:
        say("::warning::There is no cache service.")
        return 0
    try:
        say(act({name: value.strip() for name, value in json.loads(env["INPUTS"]).items()}))
    except InvalidKey as error:
        say(f"::error::{error}")
        return 1
    return 0


def save(folder: Path, env: Mapping[str, str], key: str) -> str:
    """Keep `folder` for the ref of this run, with its key beside it; what has the key already stays."""
    place = _scope(env, env["GITHUB_REF"]) / quote(_checked(key), safe="")
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.mkdir()
    except FileExistsError:
        return "Unable to reserve cache: another job may be creating this cache, or it exists."
    shutil.copytree(folder, place, symlinks=True, dirs_exist_ok=True)
    place.with_name(f"{place.name}.key").write_text(key, encoding="utf-8")
    return f"Cache saved with key: {key}"


def restore(folder: Path, env: Mapping[str, str], keys: list[str]) -> str:
    """Restore what has the first of `keys`, or begins with another one, into `folder`; return its key, or nothing."""
    for key, place in _matching(env, list(map(_checked, keys))):
        shutil.copytree(place, folder, symlinks=True)
        return key
    return ""


def _matching(env: Mapping[str, str], keys: list[str]) -> Iterator[tuple[str, Path]]:
    """Yield what this run finds: of its own ref first, what has the whole key first, and of several the newest."""
    event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_bytes())
    branches = (env.get("GITHUB_BASE_REF", ""), event.get("repository", {}).get("default_branch", ""))
    for ref in (env["GITHUB_REF"], *(f"refs/heads/{each}" for each in branches if each)):
        kept = sorted(_scope(env, ref).glob("*.key"), key=lambda each: each.stat().st_mtime_ns, reverse=True)
        named = [(each.read_text(encoding="utf-8"), each.with_name(each.name.removesuffix(".key"))) for each in kept]
        yield from (each for each in named if each[0] == keys[0])
        yield from (each for beginning in keys[1:] for each in named if each[0].startswith(beginning))


def _scope(env: Mapping[str, str], ref: str) -> Path:
    return Path(env["STAND_IN_CACHES"], quote(ref, safe=""))


def _checked(key: str) -> str:
    if len(key) > _LONGEST_KEY:
        raise InvalidKey(f"Key Validation Error: {key} cannot be larger than 512 characters.")
    if "," in key:
        raise InvalidKey(f"Key Validation Error: {key} cannot contain commas.")
    return key
