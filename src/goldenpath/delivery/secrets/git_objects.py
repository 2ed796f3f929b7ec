"""Export everything that commits add from git's objects: no attribute, filter or diff setting hides a byte.

Source of the format: git-ls-tree(1) `-z`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from goldenpath.delivery.secrets import git_changes, line_windows, scan_batches
from goldenpath.delivery.secrets.line_windows import LineWindow
from goldenpath.delivery.secrets.scan_corpus import FileOrigin
from goldenpath.delivery.secrets.wide_windows import FarRegions
from goldenpath.shared import git

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.checkout.checkout import CheckoutFile
    from goldenpath.delivery.secrets.scan_corpus import ScanCorpus

_BLOB, _SUBMODULE = "blob", "commit"
_NAMES = "names of files"
# A file that is checked out with other bytes than git stores has no object id of its own.
_CHECKED_OUT = "checkout:"
# These contents are only parts of an object: the changed lines, and the regions that far-reaching rules read.
_CHANGE, _FAR = "change:", "far:"
# The first lines of a commit object, then its author and committer: git-commit-tree(1), git-hash-object(1).
_LINKS = re.compile(rb"tree [0-9a-f]{40,64}\n(?:parent [0-9a-f]{40,64}\n)*")
_PEOPLE = re.compile(rb"author ([^\n]*) \d{1,12} [+-]\d{4}\ncommitter ([^\n]*) \d{1,12} [+-]\d{4}\n")


@dataclass(frozen=True)
class ScanRange:
    """The input of a scan: the commits of `revisions` in `history`, and the tree of `commit`.

    If an earlier scan read the tree of the commit `scanned`, only files that this tree does not have are scanned.
    """

    history: Path
    commit: str
    revisions: tuple[str, ...]
    scanned: str = ""

    @property
    def is_all(self) -> bool:
        """Whether the scan covers the whole history and no commit is excluded."""
        return not any(revision.startswith("^") for revision in self.revisions)

    def since(self, scanned: str) -> ScanRange:
        """Return the part of the range that comes after the commit `scanned`; the whole range if that is empty."""
        if not scanned:
            return self
        return replace(self, revisions=(self.commit, f"^{scanned}"), scanned=scanned)

    @cached_property
    def commits(self) -> tuple[str, ...]:
        """The commits of the range; parents come before their children."""
        return tuple(git.run(self.history, "rev-list", "--topo-order", "--reverse", *self.revisions).split())


@dataclass
class _Versions:
    """Versions of files that commits added: those to read `whole`, and by path those of which the changes are enough.

    The versions in `far` are partial too, and contain a word from which a rule reads far. `changed` is as in
    `ExportedObjects`.
    """

    commits: dict[tuple[str, str], str] = field(default_factory=dict)
    whole: list[FileOrigin] = field(default_factory=list)
    far: list[FileOrigin] = field(default_factory=list)
    partial: dict[str, list[FileOrigin]] = field(default_factory=dict)
    changed: dict[tuple[str, str], tuple[range, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportedObjects:
    """The `files` for a scanner, and by path the versions of which they contain only the changes (`partial`).

    If `files` also contain old lines of a version, `changed` has the numbers of its new lines, by path and object.
    """

    files: ScanCorpus
    partial: Mapping[str, Sequence[FileOrigin]]
    changed: Mapping[tuple[str, str], Sequence[range]] = field(default_factory=dict)


def export(
    wanted: ScanRange,
    tags: Mapping[str, str],
    files: ScanCorpus,
    other: Iterable[CheckoutFile] = (),
    submodules: Container[str] = (),
) -> ExportedObjects:
    """Write into `files` everything that the commits add and everything in the tree.

    These are the versions of files and their names, the messages of commits, and those of the annotated tags that name
    one of them; `tags` maps their ids to that commit. Files in the tree of `wanted.scanned` are left out. `other` are
    files that are checked out with other bytes than git stores, files of the `submodules` (their paths), and files that
    are in no commit. Raises `SourceUnusable` when an object is not in the history.
    """
    in_tree, beside = tuple(_new_in_tree(wanted)), tuple(other)
    commits = frozenset(wanted.commits)
    versions = _add_changes(wanted, in_tree, files)
    of_tags = (FileOrigin(tag, f"message of tag {tag[:12]}", named) for tag, named in tags.items() if named in commits)
    write_whole(wanted.history, (*versions.whole, *in_tree), files, wanted.commits, of_tags)
    _write_far(wanted.history, versions.far, files)
    for file in beside:
        origin = FileOrigin(f"{_CHECKED_OUT}{file.sha256}", file.path, wanted.commit if file.kept else "")
        files.add(origin, file.content())
    # A file name may contain a secret too, and no content contains the name.
    paths = {
        *(path for path, _ in versions.commits),
        *(origin.path for origin in in_tree),
        *(file.path for file in beside),
    }
    files.add(FileOrigin(_NAMES, _NAMES, wanted.commit), [f"{path}\n".encode() for path in sorted(paths)])
    files.close()
    files.not_scanned.extend(unscanned_submodules(wanted.history, wanted.commit, submodules))
    return ExportedObjects(files, versions.partial, versions.changed)


def _new_in_tree(wanted: ScanRange) -> Iterator[FileOrigin]:
    scanned = frozenset(files_in_tree(wanted.history, wanted.scanned)) if wanted.scanned else frozenset[FileOrigin]()
    return (origin for origin in files_in_tree(wanted.history, wanted.commit) if origin not in scanned)


def _add_changes(wanted: ScanRange, in_tree: Sequence[FileOrigin], files: ScanCorpus) -> _Versions:
    """Write into `files` what changed, and return all versions.

    In a scan of the whole history the changes are enough, with the few lines around them that a rule also reads: every
    other line was added by another change. Some versions must be read whole: those of a merge that none of its parents
    has, files that are not plain text, the files in the tree, and every version if only a part of the history is
    scanned.
    """
    brought, odd, far, elsewhere = _Versions(), set[str](), set[str](), dict[str, frozenset[bytes]]()
    tree = {(origin.path, origin.identity) for origin in in_tree}
    merges = "combined" if wanted.is_all else "first-parent"
    for version in git_changes.versions(wanted.history, wanted.revisions, merges=merges):
        place = (version.path, version.identity)
        if version.patch is None or not line_windows.is_plain_text(version.patch):
            odd.add(version.path)
        elif line_windows.has_far_word(version.path, version.patch):
            far.add(version.path)
        if words := line_windows.words_elsewhere(version.patch or b""):
            elsewhere[version.path] = elsewhere.get(version.path, words) | words
        if place in brought.commits:
            continue
        brought.commits[place] = version.commit
        origin = FileOrigin(version.identity, version.path, version.commit)
        is_whole = place in tree or version.path in odd or not version.hunks or not wanted.is_all
        if not is_whole or not version.is_new:
            parts = [part for hunk in version.hunks for part in line_windows.windows_around(hunk, files.words)]
            changed = FileOrigin(f"{_CHANGE}{version.identity}", version.path, version.commit)
            files.add_lines(changed, parts, elsewhere.get(version.path, frozenset()))
            shows_old = is_whole or version.path in far or any(part.has_old for part in parts)
            # If git shows a change only in part or not at all, no line is known to be old.
            if shows_old and wanted.is_all and version.hunks and version.path not in odd:
                brought.changed[place] = tuple(
                    line for hunk in version.hunks for line in line_windows.changed_lines(hunk)
                )
        if is_whole:
            brought.whole.append(origin)
        else:
            brought.partial.setdefault(version.path, []).append(origin)
            brought.far += [origin] if version.path in far else []
    return brought


def _write_far(history: Path, versions: Sequence[FileOrigin], files: ScanCorpus) -> None:
    """Write into `files` the regions of `versions` that far-reaching rules may read, without repeats."""
    if not versions:
        return
    regions = FarRegions()
    with git.reader(history, [origin.identity for origin in versions]) as objects:
        for origin in versions:
            content = b"".join(objects.read(origin.identity))
            region = FileOrigin(f"{_FAR}{origin.identity}", origin.path, origin.commit)
            files.add_regions(region, regions.new(origin.path, content))


def write_whole(
    history: Path,
    versions: Iterable[FileOrigin],
    files: ScanCorpus,
    commits: Sequence[str] = (),
    others: Iterable[FileOrigin] = (),
) -> None:
    """Write into `files` the objects of `versions`, each once, those of `others`, and the messages of `commits`."""
    places = _by_content(versions)
    tags, messages = tuple(others), _CommitMessages(files)
    wanted = [*(first.identity for first, *_ in places), *(tag.identity for tag in tags), *commits]
    with git.reader(history, wanted) as objects:
        for first, *also in places:
            files.add(first, objects.read(first.identity), also)
        for tag in tags:
            files.add(tag, objects.read(tag.identity))
        for commit in commits:
            messages.add(commit, b"".join(objects.read(commit)))


def _by_content(versions: Iterable[FileOrigin]) -> list[list[FileOrigin]]:
    """Return the origins of each content: those where a commit added it, or else the first.

    Some rules apply to some file endings only, so the same content with another such ending counts as another content.
    """
    contents = dict[tuple[str, str], dict[str, FileOrigin]]()
    for origin in versions:
        places = contents.setdefault((origin.identity, scan_batches.ending(origin.path)), {})
        if origin.commit or not places:
            places.setdefault(origin.path, origin)
    return [list(places.values()) for places in contents.values()]


@dataclass(frozen=True)
class _CommitMessages:
    """Writes commit objects, without the parts that contain no secret: object ids, and people seen before."""

    files: ScanCorpus
    _people: set[bytes] = field(default_factory=set)

    def add(self, commit: str, content: bytes) -> None:
        origin = FileOrigin(commit, f"message of commit {commit[:12]}", commit)
        if not line_windows.is_plain_text(content):
            self.files.add(origin, [content])
            return
        at = links.end() if (links := _LINKS.match(content)) else 0
        if (named := _PEOPLE.match(content, at)) and self._people.issuperset(named.groups()):
            at = named.end()
        elif named:
            self._people.update(named.groups())
        part = LineWindow(content.count(b"\n", 0, at) + 1, content[at:])
        self.files.add_lines(origin, [part], line_windows.words_elsewhere(part.text))


def files_in_tree(history: Path, commit: str) -> Iterator[FileOrigin]:
    """Yield every file in the tree of `commit`."""
    return (FileOrigin(identity, path) for kind, identity, path in _tree(history, commit) if kind == _BLOB)


def checked_out(history: Path, commit: str, origins: Iterable[FileOrigin]) -> frozenset[str]:
    """Return the identities of `origins` that are checked out at `commit`, and that of the list of file names."""
    in_tree = {origin.identity for origin in files_in_tree(history, commit)}
    others = {origin.identity for origin in origins if origin.identity.startswith(_CHECKED_OUT)}
    return frozenset(in_tree | others | {_NAMES})


def unscanned_submodules(history: Path, commit: str, scanned: Container[str]) -> Iterator[str]:
    """Yield a sentence for each submodule in the tree of `commit`; the files of those in `scanned` were scanned."""
    for kind, identity, path in _tree(history, commit):
        if kind == _SUBMODULE:
            what = ": its files were scanned, its history was not" if path in scanned else " and was not scanned"
            yield f"{path} is a submodule; its commit {identity[:12]} is in another repository{what}"


def is_in_git(identity: str) -> bool:
    """Return whether `identity` is a git object or a part of one, so that its content is the same in every scan."""
    return identity != _NAMES and not identity.startswith(_CHECKED_OUT)


def version_of(identity: str) -> str:
    """Return the object that `identity` is, or is a part of."""
    return identity.rpartition(":")[2]


def _tree(history: Path, commit: str) -> Iterator[tuple[str, str, str]]:
    for entry in git.tree(history, commit):
        yield entry.kind, entry.identity, entry.path.decode("utf-8", "replace")
