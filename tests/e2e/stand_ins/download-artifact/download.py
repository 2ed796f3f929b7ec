"""Bring artifacts, chosen and placed as actions/download-artifact does; see README.md beside the stand-ins."""

from __future__ import annotations

import fnmatch
import os
import shutil
import sys
from pathlib import Path

IDS = ".ids"


class NotFound(Exception):
    """What was asked for is not there, or cannot be asked for."""


def main(artifacts: Path, path: Path, *, name: str = "", ids: str = "", pattern: str = "", merge: bool = False) -> int:
    """Bring the chosen artifacts below `path`; return the exit code."""
    say("This is a stand-in for actions/download-artifact.")
    try:
        chosen = (
            by_name(artifacts, name, ids) if name else by_ids(artifacts, ids) if ids else matching(artifacts, pattern)
        )
    except NotFound as error:
        say(f"::error::Unable to download artifact(s): {error}")
        return 1
    straight = bool(name) or merge or len(chosen) == 1
    for each in chosen:
        place = path if straight else path / each
        shutil.copytree(artifacts / each, place, dirs_exist_ok=True)
    say(f"Total of {len(chosen)} artifact(s) downloaded: {', '.join(chosen)}")
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"download-path={path.absolute()}\n")
    return 0


def asked_for(artifacts: Path, name: str, ids: str, pattern: str) -> list[str]:
    """Return the names of the artifacts that the inputs ask for. Raises `NotFound`."""
    if name:
        return by_name(artifacts, name, ids)
    return by_ids(artifacts, ids) if ids else matching(artifacts, pattern)


def by_name(artifacts: Path, name: str, ids: str) -> list[str]:
    """Return `name`. Raises `NotFound` when there is no such artifact."""
    if ids:
        raise NotFound("Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one.")
    if name not in known(artifacts).values():
        raise NotFound(f"Artifact '{name}' not found")
    return [name]


def by_ids(artifacts: Path, ids: str) -> list[str]:
    """Return the names of the artifacts that have one of `ids`, and warn of the others. Raises `NotFound` for none."""
    listed = [each.strip() for each in ids.split(",") if each.strip()]
    if not listed:
        raise NotFound("No valid artifact IDs provided in 'artifact-ids' input")
    if wrong := [each for each in listed if not each[0].isdigit()]:
        raise NotFound(f"Invalid artifact ID: '{wrong[0]}'. Must be a number.")
    there = known(artifacts)
    if not (found := {each: there[each] for each in listed if each in there}):
        raise NotFound("None of the provided artifact IDs were found")
    if missing := [each for each in listed if each not in found]:
        say(f"::warning::Could not find the following artifact IDs: {', '.join(missing)}")
    return list(found.values())


def matching(artifacts: Path, pattern: str) -> list[str]:
    """Return the names that match `pattern`: all of them where it is empty."""
    return [each for each in known(artifacts).values() if fnmatch.fnmatchcase(each, pattern or "*")]


def known(artifacts: Path) -> dict[str, str]:
    """Return the name of every artifact that is there, by its id."""
    files = sorted((artifacts / IDS).glob("[0-9]*"))
    return {each.name: each.read_text(encoding="utf-8") for each in files}


def say(text: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    raise SystemExit(
        main(
            Path(os.environ["STAND_IN_ARTIFACTS"]),
            Path(os.environ["ARTIFACT_PATH"]),
            name=os.environ["ARTIFACT_NAME"],
            ids=os.environ["ARTIFACT_IDS"],
            pattern=os.environ["ARTIFACT_PATTERN"],
            merge=os.environ["MERGE_MULTIPLE"] == "true",
        )
    )
