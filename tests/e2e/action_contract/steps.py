"""The words in which the rows of the contract are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UPLOAD, DOWNLOAD, CHECKOUT = "upload-artifact", "download-artifact", "checkout"
# A name with `/` at its end is a folder, with `*` a program; `a -> b` is a link.
FILES = (
    "a/one.json", "a/two.sarif", "a/deep/three.json", "a/deep/four.txt", "b/five.json",
    "a/.hidden/six.json", "a/.seven.json", ".top/deep/eight.json",
)  # fmt: skip


@dataclass(frozen=True)
class Use:
    """Use an action. It succeeds, or `fails` with that in its log; `says` is in the log too."""

    action: str
    inputs: Mapping[str, str]
    fails: str = ""
    says: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finds:
    """These files are in `folder`, and no others unless `among` others."""

    folder: str
    files: tuple[str, ...]
    among: bool = False


@dataclass(frozen=True)
class Runs:
    """A command of bash in the workspace prints what matches `says`."""

    command: str
    says: str


@dataclass(frozen=True)
class Row:
    """A fact, and the steps that show it. `run` are variables of the workflow run, `event` is its payload.

    It `needs` a program of the machine; its actions find all of them, or `only` these.
    """

    fact: str
    steps: tuple[Use | Finds | Runs, ...]
    files: tuple[str, ...] = ()
    run: Mapping[str, str] = field(default_factory=dict)
    event: str = "{}"
    needs: str = "git"
    only: tuple[str, ...] = ()


def upload(path: str, name: str = "<row>", fails: str = "", says: str = "", **more: str) -> Use:
    given = {"name": name, "path": path, **{key.replace("_", "-"): value for key, value in more.items()}}
    return Use(UPLOAD, given, fails, says)


def download(fails: str = "", says: str = "", **given: str) -> Use:
    return Use(DOWNLOAD, {"path": "here", **{key.replace("_", "-"): text for key, text in given.items()}}, fails, says)


def keeps(fact: str, path: str, *files: str, made: tuple[str, ...] = FILES, **more: str) -> Row:
    """Return the row of an artifact that holds `files` when `path` is uploaded."""
    return Row(fact, (upload(path, **more), download(name="<row>"), Finds("here", files)), made)


def refuses(fact: str, *steps: Use, made: tuple[str, ...] = FILES) -> Row:
    return Row(fact, steps, made)


def two(fact: str, *steps: Use | Finds) -> Row:
    """Return a row of two artifacts `<row>-one` and `<row>-two`."""
    return Row(fact, (upload("a/one.json", "<row>-one"), upload("b/five.json", "<row>-two"), *steps), FILES)
