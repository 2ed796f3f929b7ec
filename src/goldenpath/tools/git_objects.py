"""Everything that commits bring, taken out of git: no attribute, filter or diff setting hides a byte.

Source of the formats: git-rev-list(1) `--objects`, `--missing`; git-ls-tree(1) `-z`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import SourceUnusable
from goldenpath.tools import git
from goldenpath.tools.plain_files import Origin, PlainFiles

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from goldenpath.tools.checkout import File

_ONLY_BLOBS = ("--filter=object:type=blob", "--filter-provided-objects")
_BLOB, _SUBMODULE = "blob", "commit"
_NAMES = "names of files"
# Where a file is checked out with other bytes than git keeps, there is no object to name.
_CHECKED_OUT = "checkout:"


def export(
    history: Path,
    commit: str,
    revisions: tuple[str, ...],
    tags: Mapping[str, str],
    folder: Path,
    other: Iterable[File] = (),
    submodules: Container[str] = (),
) -> PlainFiles:
    """Write into `folder` all that the commits of `revisions` bring and all that the tree of `commit` holds.

    These are the versions of files and their names, the messages of commits, and those of the annotated tags that name
    one of them; `tags` maps their ids to that commit. `other` are files that are checked out with other bytes than git
    keeps, or are those of submodules, whose paths are `submodules`, or are in no commit. Raises `SourceUnusable` when
    an object is not in `history`.
    """
    files, beside = PlainFiles(folder), tuple(other)
    commits = frozenset(git.run(history, "rev-list", *revisions).split())
    messages = (Origin(each, f"message of commit {each[:12]}", each) for each in sorted(commits))
    of_tags = (Origin(each, f"message of tag {each[:12]}", named) for each, named in tags.items() if named in commits)
    in_tree = tuple(held(history, commit))
    versions = tuple(brought(history, revisions))
    wanted = tuple(_once((*versions, *in_tree, *messages, *of_tags)))
    # What the tree does not hold, nor a message is, came and went by changes.
    others = {origin.identity for origin in in_tree}
    with git.reader(history, [origin.identity for origin in wanted]) as objects:
        for origin in wanted:
            is_version = not origin.commit and origin.identity not in others
            files.add(origin, objects.read(origin.identity), is_version=is_version)
    for each in beside:
        origin = Origin(f"{_CHECKED_OUT}{each.sha256}", each.path, commit if each.kept else "")
        files.add(origin, each.content())
    # A name may hold a secret too, and is nowhere in a content.
    paths = sorted({*(origin.path for origin in (*versions, *in_tree)), *(file.path for file in beside)})
    files.add(Origin(_NAMES, _NAMES, commit), [f"{path}\n".encode() for path in paths])
    files.close()
    files.not_scanned.extend(unscanned_submodules(history, commit, submodules))
    return files


def brought(history: Path, revisions: tuple[str, ...]) -> Iterator[Origin]:
    """Yield every file version that the commits of `revisions` bring. Raises `SourceUnusable` when one is missing."""
    for line in git.run(history, "rev-list", "--objects", "--missing=print", *_ONLY_BLOBS, *revisions).split("\n"):
        identity, _, path = line.partition(" ")
        if identity.startswith("?"):
            raise SourceUnusable(
                f"the git object {identity[1:]} is missing from the checkout",
                why="the clone is partial or damaged, and what is missing cannot be scanned",
                fix="check out with `fetch-depth: 0` and without a filter",
            )
        if identity:
            yield Origin(identity, path)


def held(history: Path, commit: str) -> Iterator[Origin]:
    """Yield every file in the tree of `commit`."""
    return (Origin(identity, path) for kind, identity, path in _tree(history, commit) if kind == _BLOB)


def checked_out(history: Path, commit: str, origins: Iterable[Origin]) -> frozenset[str]:
    """Return the identities of `origins` that are checked out at `commit`, with all names of files."""
    in_tree = {origin.identity for origin in held(history, commit)}
    others = {each.identity for each in origins if each.identity.startswith(_CHECKED_OUT)}
    return frozenset(in_tree | others | {_NAMES})


def unscanned_submodules(history: Path, commit: str, scanned: Container[str]) -> Iterator[str]:
    """Yield a sentence for each submodule in the tree of `commit`; the files of those in `scanned` were scanned."""
    for kind, identity, path in _tree(history, commit):
        if kind == _SUBMODULE:
            what = ": its files were scanned, its history was not" if path in scanned else " and was not scanned"
            yield f"{path} is a submodule; its commit {identity[:12]} is in another repository{what}"


def first_commits(history: Path, revisions: tuple[str, ...]) -> Mapping[str, str]:
    """Return of each file version that the commits of `revisions` bring the first of them that did, by the object's id.

    Source: git-diff(1), "Raw output format".
    """
    form = ("--format=%H", "--raw", "--no-abbrev", "--no-renames", "--full-history", "--diff-merges=first-parent")
    commit, found = "", dict[str, str]()
    for line in git.run(history, "log", *form, "--reverse", *revisions).split("\n"):
        if line.startswith(":"):
            found.setdefault(line.split(" ", 4)[3], commit)
        else:
            commit = line or commit
    return found


def _tree(history: Path, commit: str) -> Iterator[tuple[str, str, str]]:
    for line in git.run(history, "ls-tree", "-r", "-z", commit).split("\0"):
        head, _, path = line.partition("\t")
        if head:
            _, kind, identity = head.split()
            yield kind, identity, path


def _once(origins: Iterable[Origin]) -> Iterator[Origin]:
    seen = set()
    for origin in origins:
        if origin.identity not in seen:
            seen.add(origin.identity)
            yield origin
