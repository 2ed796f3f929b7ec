"""Keep files as an artifact, chosen and placed as actions/upload-artifact does; see README.md beside the stand-ins."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

# One file for each artifact that is there: its id, with the name in it. An id is never given twice.
IDS = ".ids"
_LAST = "last"
_WILD = re.compile(r"[*?\[]")
_NOT_IN_NAMES = set('":<>|*?\r\n\\/')
_NOT_IN_PATHS = _NOT_IN_NAMES - {"/"}


def main(name: str, raw: str, nothing_found: str, artifacts: Path) -> int:
    """Keep what the patterns in `raw` match as artifact `name`; return the exit code."""
    say("This is a stand-in for actions/upload-artifact.")
    patterns = [line.strip() for line in raw.splitlines() if line.strip()]
    wanted = [each for each in patterns if not each.startswith("!")]
    unwanted = {file for each in patterns if each.startswith("!") for file in matched(each[1:])}
    files = sorted({file for each in wanted for file in matched(each)} - unwanted)
    if not files:
        command = {"ignore": "", "error": "::error::"}.get(nothing_found, "::warning::")
        say(f"{command}No files were found with the provided path: {' '.join(patterns)}")
        return 1 if nothing_found == "error" else 0
    if os.environ.get("OVERWRITE") == "true":
        delete(name, artifacts)
    if problem := refused(name, files, artifacts):
        say(f"::error::{problem}")
        return 1
    keep(files, root_of(wanted, files), artifacts / name)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"artifact-id={numbered(name, artifacts)}\nartifact-digest={digest(artifacts / name)}\n")
    return 0


def delete(name: str, artifacts: Path) -> None:
    """Remove the artifact `name`, whichever job made it, and with it its id."""
    shutil.rmtree(artifacts / name, ignore_errors=True)
    for each in (artifacts / IDS).glob("[0-9]*"):
        if each.read_text(encoding="utf-8") == name:
            each.unlink()


def numbered(name: str, artifacts: Path) -> int:
    """Return the new id of the artifact `name`."""
    ids = artifacts / IDS
    ids.mkdir(exist_ok=True)
    last = ids / _LAST
    number = int(last.read_text(encoding="utf-8")) + 1 if last.exists() else 1001
    last.write_text(str(number), encoding="utf-8")
    (ids / str(number)).write_text(name, encoding="utf-8")
    return number


def digest(artifact: Path) -> str:
    """Return the SHA-256 of `artifact`: of its names and contents, where the real one takes its ZIP file."""
    hasher = hashlib.sha256()
    for file in sorted(path for path in artifact.rglob("*") if path.is_file()):
        hasher.update(f"{file.relative_to(artifact)}\n".encode() + file.read_bytes())
    return hasher.hexdigest()


def keep(files: list[Path], root: Path, artifact: Path) -> None:
    """Copy the contents of `files` into `artifact`, at the places that they have below `root`."""
    for file in files:
        place = artifact / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    say(f"{len(files)} files of {root} are artifact {artifact.name}")


def matched(pattern: str) -> set[Path]:
    """Return the files that `pattern` matches, those below a matched folder too; hidden ones are left out."""
    start = searched(pattern)
    rest = Path(pattern).absolute().relative_to(start)
    found = list(start.glob(str(rest))) if rest.parts else [start]
    files = {file for each in found for file in (each, *each.rglob("*")) if file.is_file()}
    return {file for file in files if not any(part.startswith(".") for part in file.relative_to(start.parent).parts)}


def searched(pattern: str) -> Path:
    """Return the folder or file that `pattern` is searched from: all of it before the first wild part."""
    parts = Path(pattern).absolute().parts
    wild = next((number for number, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return Path(*parts[:wild])


def root_of(wanted: list[str], files: list[Path]) -> Path:
    """Return the folder that paths in the artifact are relative to."""
    starts = {searched(each) for each in wanted}
    highest = {each for each in starts if not any(other in each.parents for other in starts)}
    if len(highest) > 1:
        return Path(os.path.commonpath(highest))
    (only,) = highest
    return only.parent if files == [only] else only


def refused(name: str, files: list[Path], artifacts: Path) -> str:
    """Return why the artifact would be refused; empty when it is not."""
    if _NOT_IN_NAMES & set(name):
        return f"The artifact name is not valid: {name}"
    if (artifacts / name).exists():
        return "Failed to CreateArtifact: (409) Conflict: an artifact with this name already exists on the workflow run"
    wrong = [str(file) for file in files if _NOT_IN_PATHS & set(str(file))]
    return f"The path for one of the files in artifact is not valid: {wrong[0]}" if wrong else ""


def say(text: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    raise SystemExit(
        main(
            os.environ["ARTIFACT_NAME"],
            os.environ["ARTIFACT_PATH"],
            os.environ["NOTHING_FOUND"],
            Path(os.environ["STAND_IN_ARTIFACTS"]),
        )
    )
