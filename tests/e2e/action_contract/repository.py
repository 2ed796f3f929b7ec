"""The repositories that the rows of checkout speak of, as they are at their host."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME, LIBRARY, PART, PRIVATE = "octo/app", "octo/library", "octo/part", "octo/private"
# The server gives only to this token what is private, and the files of git-lfs.
TOKEN = "may-read-private"
DEMANDS_TOKEN = (f"/{PRIVATE}.git/", f"/{NAME}.git/info/lfs/")
# The number of the account that owns them.
OWNER = 7
LARGE = "the content of a large file\n"
_WHO = "dev <dev@example.com> 1700000000 +0000"
_FILE, _MODULE = "100644", "160000"


@dataclass(frozen=True)
class Commit:
    """A commit, the branch or pull request that it is the newest of, its parents, and files beside the usual ones."""

    name: str
    ref: str
    above: tuple[str, ...] = ()
    files: tuple[tuple[str, str, str], ...] = ()


def make(folder: Path) -> dict[str, str]:
    """Make them in the new `folder`, bare, and return their commits by their names in the rows.

    In the app, `main` moved on from `c3` to `c4` after the run began; `v1` is a tag of `c1`, `v2` an annotated one of
    `c2`; pull request 7 wants to merge `feature/x`. `s1` has the submodule `library` at the second of its three
    commits, which has the submodule `part`; `s2` has the submodule `private`, `s3` too, by the address that only
    repositories of its owner have; `s4` has a submodule without an address; `s5` has a file in git-lfs.
    """
    part = _made(folder, PART, (Commit("n1", "heads/main"),))
    within = _submodule("part", "../part.git", part["n1"])
    library = _made(
        folder, LIBRARY,
        (Commit("l1", "heads/main"), Commit("l2", "heads/main", ("l1",), within), Commit("l3", "heads/main", ("l2",))),
    )  # fmt: skip
    private = _made(folder, PRIVATE, (Commit("p1", "heads/main"),))
    app = (
        Commit("c1", "heads/main"), Commit("c2", "heads/main", ("c1",)), Commit("c3", "heads/main-2", ("c2",)),
        Commit("c4", "heads/main", ("c3",)), Commit("f1", "heads/feature/x", ("c2",)),
        Commit("merge", "pull/7/merge", ("c3", "f1")),
        Commit("s1", "heads/s1", (), _submodule("library", f"git@127.0.0.1:{LIBRARY}.git", library["l2"])),
        Commit("s2", "heads/s2", (), _submodule("private", "../private.git", private["p1"])),
        Commit("s3", "heads/s3", (), _submodule("private", f"org-{OWNER}@github.com:{PRIVATE}", private["p1"])),
        Commit("s4", "heads/s4", (), ((_MODULE, "stray", library["l1"]),)),
        Commit("s5", "heads/s5", (), _large(folder)),
    )  # fmt: skip
    refs = {"refs/pull/7/head": "f1", "refs/tags/v1": "c1"}
    return {**part, **library, **private, **_made(folder, NAME, app, refs, {"v2": "c2"})}


def _made(
    folder: Path,
    name: str,
    commits: tuple[Commit, ...],
    refs: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, str]:
    """Make one repository with `commits`, more `refs`, and annotated `tags`."""
    place = folder / f"{name}.git"
    place.mkdir(parents=True, exist_ok=True)
    numbers = {commit.name: number for number, commit in enumerate(commits, 1)}
    stream = (
        "".join(_commit(commit, numbers) for commit in commits)
        + "".join(f"reset {ref}\nfrom :{numbers[at]}\n\n" for ref, at in (refs or {}).items())
        + "".join(f"tag {tag}\nfrom :{numbers[at]}\ntagger {_WHO}\n{_data(tag)}" for tag, at in (tags or {}).items())
    )
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(place))
    _git("-C", str(place), "fast-import", "--quiet", f"--export-marks={place}/marks", given=stream)
    _git("-C", str(place), "config", "uploadpack.allowAnySHA1InWant", "true")
    made = dict(line.removeprefix(":").split() for line in (place / "marks").read_text(encoding="utf-8").splitlines())
    return {commit: made[str(number)] for commit, number in numbers.items()}


def _commit(commit: Commit, numbers: dict[str, int]) -> str:
    """Return it in the language of git-fast-import(1)."""
    above = "".join(f"{'merge' if at else 'from'} :{numbers[parent]}\n" for at, parent in enumerate(commit.above))
    about = f"mark :{numbers[commit.name]}\ncommitter {_WHO}\n{_data(commit.name)}"
    usual = ((_FILE, ".gitignore", "ignored"), (_FILE, "file", commit.name))
    files = "".join(_entry(*each) for each in (*usual, *commit.files))
    return f"reset refs/{commit.ref}\ncommit refs/{commit.ref}\n{about}{above}deleteall\n{files}\n"


def _entry(mode: str, path: str, text: str) -> str:
    return f"M {mode} {text} {path}\n" if mode == _MODULE else f"M {mode} inline {path}\n{_data(text)}"


def _submodule(path: str, address: str, commit: str) -> tuple[tuple[str, str, str], ...]:
    modules = f'[submodule "{path}"]\n\tpath = {path}\n\turl = {address}\n'
    return (_FILE, ".gitmodules", modules), (_MODULE, path, commit)


def _large(folder: Path) -> tuple[tuple[str, str, str], ...]:
    """Give the host the content of a file in git-lfs, and return what a commit has in its place."""
    content = LARGE.encode()
    found = hashlib.sha256(content).hexdigest()
    place = folder / f"{NAME}.git" / "lfs" / "objects" / found[:2] / found[2:4] / found
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{found}\nsize {len(content)}\n"
    return (_FILE, ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"), (_FILE, "large.bin", pointer)


def _data(text: str) -> str:
    return f"data {len(text)}\n{text}\n"


def _git(*words: str, given: str = "") -> None:
    subprocess.run(["git", *words], input=given, capture_output=True, text=True, check=True)
