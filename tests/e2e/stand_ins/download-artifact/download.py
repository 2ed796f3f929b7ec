"""Bring artifacts, chosen and placed as actions/download-artifact does; see README.md beside the stand-ins."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

IDS = ".ids"
# What the real one gives a meaning to and this does not.
_UNKNOWN = re.compile(r"^[!#]|[{}()\\]")
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}


class Failed(Exception):
    """What was asked for is not there, or cannot be asked for."""


def main(env: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Bring what the inputs ask for; return the exit code."""
    say("This is a stand-in for actions/download-artifact.")
    given = {name: value.strip() for name, value in json.loads(env["INPUTS"]).items()}
    try:
        download(given, env, say)
    except Failed as error:
        say(f"::error::Unable to download artifact(s): {escaped(str(error))}")
        return 1
    return 0


def download(given: Mapping[str, str], env: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Do it. Raises `Failed`."""
    name, ids, pattern = (given.get(each, "") for each in ("name", "artifact-ids", "pattern"))
    merge = _BOOLEANS.get(given["merge-multiple"])
    if merge is None:
        raise Failed('Input does not meet YAML 1.2 "Core Schema" specification: merge-multiple')
    if name and ids:
        raise Failed("Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one.")
    there = known(Path(env["STAND_IN_ARTIFACTS"]))
    chosen = by_name(there, name) if name else by_ids(there, ids, say) if ids else matching(there, pattern)
    path = destination(given.get("path", ""), env)
    straight = bool(name) or merge or len(chosen) == 1
    for each in chosen:
        shutil.copytree(Path(env["STAND_IN_ARTIFACTS"]) / each, path if straight else path / each, dirs_exist_ok=True)
    say(f"Total of {len(chosen)} artifact(s) downloaded: {', '.join(chosen)}")
    with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"download-path={path}\n")


def by_name(there: Mapping[int, str], name: str) -> list[str]:
    """Return `name`. Raises `Failed` when there is no such artifact."""
    if name not in there.values():
        raise Failed(f"Artifact not found for name: {name}\n        Please ensure that your artifact is not expired")
    return [name]


def by_ids(there: Mapping[int, str], ids: str, say: Callable[[str], None]) -> list[str]:
    """Return the names of the artifacts that have one of `ids`, and warn of the others. Raises `Failed` for none."""
    listed = [each.strip() for each in ids.split(",") if each.strip()]
    if not listed:
        raise Failed("No valid artifact IDs provided in 'artifact-ids' input")
    wanted = [number(each) for each in listed]
    chosen = [name for each, name in there.items() if each in wanted]
    if not chosen:
        raise Failed("None of the provided artifact IDs were found")
    if len(chosen) < len(wanted):
        missing = [str(each) for each in wanted if each not in there]
        say(f"::warning::Could not find the following artifact IDs: {', '.join(missing)}")
    return chosen


def number(text: str) -> int:
    """Return the number that `text` begins with, as `parseInt` does. Raises `Failed` when it begins with none."""
    digits = re.match(r"[+-]?\d+", text)
    if not digits:
        raise Failed(f"Invalid artifact ID: '{text}'. Must be a number.")
    return int(digits[0])


def matching(there: Mapping[int, str], pattern: str) -> list[str]:
    """Return the names that match `pattern`: all of them where it is empty."""
    if _UNKNOWN.search(pattern):
        raise Failed(f"this stand-in does not know what the pattern '{pattern}' means")
    shown = [each for each in there.values() if pattern.startswith(".") or not (pattern and each.startswith("."))]
    return [each for each in shown if fnmatch.fnmatchcase(each, pattern or "*")]


def known(artifacts: Path) -> dict[int, str]:
    """Return the name of every artifact that is there by its id, the newest first."""
    files = sorted((artifacts / IDS).glob("[0-9]*"), key=lambda each: int(each.name), reverse=True)
    return {int(each.name): each.read_text(encoding="utf-8") for each in files}


def destination(path: str, env: Mapping[str, str]) -> Path:
    """Return the folder that `path` means."""
    home = env.get("HOME", "") if path.startswith("~") else ""
    return Path(os.path.normpath(Path(env["GITHUB_WORKSPACE"]) / (home + path.removeprefix("~"))))


def escaped(text: str) -> str:
    """Return `text` as the value of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


if __name__ == "__main__":
    raise SystemExit(main(os.environ, print))
