"""Keep files as an artifact, chosen and placed as actions/upload-artifact does; see README.md beside the stand-ins."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))

import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# One file for each artifact that is there: its id, with the name in it. An id is never given twice.
IDS = ".ids"
_LAST = "last"
_NOT_IN_PATHS = {
    '"': 'Double quote "', ":": "Colon :", "<": "Less than <", ">": "Greater than >", "|": "Vertical bar |",
    "*": "Asterisk *", "?": "Question mark ?", "\r": "Carriage return \\r", "\n": "Line feed \\n",
}  # fmt: skip
_NOT_IN_NAMES = {**_NOT_IN_PATHS, "\\": "Backslash \\", "/": "Forward slash /"}
_TAKEN = (
    "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: "
    "an artifact with this name already exists on the workflow run"
)
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}


class Failed(Exception):
    """What the real one fails with."""


@dataclass
class Inputs:
    """The inputs, and what is `wrong` with those that fail the step without ending it."""

    name: str
    path: str
    nothing_found: str
    overwrite: bool
    hidden: bool
    retention: int | None
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Inputs:
        """Read them. Raises `Failed`."""
        text = {name: value.strip() for name, value in given.items()}
        if not text.get("path"):
            raise Failed("Input required and not supplied: path")
        overwrite, hidden = (_boolean(text, name) for name in ("overwrite", "include-hidden-files"))
        retention, level = (_number(text, name) for name in ("retention-days", "compression-level"))
        asked = cls(text["name"], text["path"], text["if-no-files-found"], overwrite, hidden, retention)
        if asked.nothing_found not in {"warn", "error", "ignore"}:
            asked.wrong.append(
                f"Unrecognized if-no-files-found input. Provided: {asked.nothing_found}. "
                "Available options: warn,error,ignore"
            )
        if text.get("retention-days") and retention is None:
            asked.wrong.append("Invalid retention-days")
        if text.get("compression-level") and (level is None or not 0 <= level <= 9):
            asked.wrong.append("Invalid compression-level. Valid values are 0-9")
        return asked


def main(env: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Keep what the inputs ask for as an artifact; return the exit code."""
    say("This is a stand-in for actions/upload-artifact.")
    try:
        wrong = upload(Inputs.read(json.loads(env["INPUTS"])), env, say)
    except (Failed, search.InvalidPattern) as error:
        wrong = [str(error)]
    for each in wrong:
        say(f"::error::{escaped(each)}")
    return 1 if wrong else 0


def upload(asked: Inputs, env: Mapping[str, str], say: Callable[[str], None]) -> list[str]:
    """Do it and return what was wrong all the same. Raises `Failed` or `InvalidPattern`."""
    artifacts = Path(env["STAND_IN_ARTIFACTS"])
    files, root = search.found(asked.path, env, hidden=asked.hidden)
    if not files:
        nothing = f"No files were found with the provided path: {asked.path}. No artifacts will be uploaded."
        if asked.nothing_found in {"warn", "ignore"}:
            say(("::warning::" if asked.nothing_found == "warn" else "") + escaped(nothing))
        return asked.wrong + ([nothing] if asked.nothing_found == "error" else [])
    if asked.overwrite:
        delete(asked.name, artifacts)
    places = {file: placed(file, root) for file in files}
    check_name(asked.name)
    try:
        (artifacts / asked.name).mkdir()
    except FileExistsError:
        raise Failed(_TAKEN) from None
    longest = int(env.get("GITHUB_RETENTION_DAYS") or 0)
    if longest and (asked.retention or 0) > longest:
        say(
            "::warning::Retention days cannot be greater than the maximum allowed retention set within the repository. "
            f"Using {longest} instead."
        )
    keep(places, artifacts / asked.name)
    number = numbered(asked.name, artifacts)
    say(f"{len(files)} files of {root} are artifact {asked.name}. Artifact ID is {number}")
    run = f"{env.get('GITHUB_SERVER_URL')}/{env.get('GITHUB_REPOSITORY')}/actions/runs/{env.get('GITHUB_RUN_ID')}"
    with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"artifact-id={number}\nartifact-digest={digest(artifacts / asked.name)}\n")
        outputs.write(f"artifact-url={run}/artifacts/{number}\n")
    return asked.wrong


def placed(file: Path, root: Path) -> str:
    """Return the path of `file` in the artifact. Raises `Failed` for one that not every file system can have."""
    path = f"/{file.relative_to(root)}"
    _check(path, _NOT_IN_PATHS, "The path for one of the files in artifact is not valid")
    return path.replace("\\", "/").lstrip("/")


def check_name(name: str) -> None:
    """Raise `Failed` for a name that no artifact may have."""
    if not name:
        raise Failed("Provided artifact name input during validation is empty")
    _check(name, _NOT_IN_NAMES, "The artifact name is not valid")


def delete(name: str, artifacts: Path) -> None:
    """Remove the artifact `name`, whichever job made it, and with it its id."""
    with _ids(artifacts) as ids:
        for each in [each for each in ids.glob("[0-9]*") if each.read_text(encoding="utf-8") == name]:
            each.unlink()
            shutil.rmtree(artifacts / name, ignore_errors=True)


def numbered(name: str, artifacts: Path) -> int:
    """Return the new id of the artifact `name`."""
    with _ids(artifacts) as ids:
        last = ids / _LAST
        number = int(last.read_text(encoding="utf-8")) + 1 if last.exists() else 1001
        last.write_text(str(number), encoding="utf-8")
        (ids / str(number)).write_text(name, encoding="utf-8")
        return number


@contextmanager
def _ids(artifacts: Path) -> Iterator[Path]:
    """Give the folder of the ids to this process alone: the jobs of a matrix upload at the same time."""
    ids = artifacts / IDS
    ids.mkdir(exist_ok=True)
    with (ids / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield ids


def digest(artifact: Path) -> str:
    """Return the SHA-256 of `artifact`: of its names and contents, where the real one takes its ZIP file."""
    hasher = hashlib.sha256()
    for file in sorted(path for path in artifact.rglob("*") if path.is_file()):
        hasher.update(f"{file.relative_to(artifact)}\n".encode() + file.read_bytes())
    return hasher.hexdigest()


def keep(places: Mapping[Path, str], artifact: Path) -> None:
    """Copy the contents of files to their places in `artifact`: neither modes nor empty folders."""
    for file, name in places.items():
        place = artifact / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def escaped(text: str) -> str:
    """Return `text` as the value of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _check(text: str, forbidden: Mapping[str, str], what: str) -> None:
    for character, called in forbidden.items():
        if character in text:
            raise Failed(f"{what}: {text}. Contains the following character:  {called}")


def _boolean(given: Mapping[str, str], name: str) -> bool:
    word = given.get(name, "")
    if word not in _BOOLEANS:
        raise Failed(f'Input does not meet YAML 1.2 "Core Schema" specification: {name}')
    return _BOOLEANS[word]


def _number(given: Mapping[str, str], name: str) -> int | None:
    """Return the number that a text begins with, as `parseInt` does."""
    digits = re.match(r"[+-]?\d+", given.get(name, ""))
    return int(digits[0]) if digits else None


if __name__ == "__main__":
    raise SystemExit(main(os.environ, print))
