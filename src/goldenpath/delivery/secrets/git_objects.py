"""Everything that commits bring, taken out of git: no attribute, filter or diff setting hides a byte.

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
# Where a file is checked out with other bytes than git keeps, there is no object to name.
_CHECKED_OUT = "checkout:"
# What a change shows of a version is not all of it, nor is what a rule reads far from its words.
_CHANGE, _FAR = "change:", "far:"
# How a commit begins, and then whom it names: git-commit-tree(1), git-hash-object(1).
_LINKS = re.compile(rb"tree [0-9a-f]{40,64}\n(?:parent [0-9a-f]{40,64}\n)*")
_PEOPLE = re.compile(rb"author ([^\n]*) \d{1,12} [+-]\d{4}\ncommitter ([^\n]*) \d{1,12} [+-]\d{4}\n")


@dataclass(frozen=True)
class ScanRange:
    """What a scan is about: the commits of `revisions` in `history`, and the tree of `commit` with it.

    Of the tree only what the commit `scanned` has not, where one was scanned before.
    """

    history: Path
    commit: str
    revisions: tuple[str, ...]
    scanned: str = ""

    @property
    def is_all(self) -> bool:
        """Whether it is about all that comes before as well."""
        return not any(revision.startswith("^") for revision in self.revisions)

    def since(self, scanned: str) -> ScanRange:
        """Return what of it the commit `scanned`, which it builds on, has not; all of it where that is empty."""
        if not scanned:
            return self
        return replace(self, revisions=(self.commit, f"^{scanned}"), scanned=scanned)

    @cached_property
    def commits(self) -> tuple[str, ...]:
        """The commits, the parents of each before it."""
        return tuple(git.run(self.history, "rev-list", "--topo-order", "--reverse", *self.revisions).split())


@dataclass
class _Versions:
    """Versions of files that commits brought: those to be read `whole`, and the `partial` ones of each path.

    Of the latter those in `far` have words that a rule reads far from. `changed` is as in `ExportedObjects`.
    """

    commits: dict[tuple[str, str], str] = field(default_factory=dict)
    whole: list[FileOrigin] = field(default_factory=list)
    far: list[FileOrigin] = field(default_factory=list)
    partial: dict[str, list[FileOrigin]] = field(default_factory=dict)
    changed: dict[tuple[str, str], tuple[range, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportedObjects:
    """The `files` for a scanner, and the versions of which they have only the changes, by path.

    Where `files` have old lines of a version too, `changed` has the numbers of its new lines, by path and object.
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
    """Write into `files` all that the commits bring and all that the tree holds.

    These are the versions of files and their names, the messages of commits, and those of the annotated tags that name
    one of them; `tags` maps their ids to that commit. What the tree of `wanted.scanned` has is left out. `other` are
    files that are checked out with other bytes than git keeps, or are those of submodules, whose paths are
    `submodules`, or are in no commit. Raises `SourceUnusable` when an object is not in the history.
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
    # A name may hold a secret too, and is nowhere in a content.
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

    Of all of history the changes are enough, with the few lines around them that a rule reads too: each other line came
    by another change. A version is read whole where that is not so: in a merge that no parent of it has, or in a file
    that is more than text. So is what the tree has, and of a part of history every version.
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
            # Where git does not show a change, or not all of it, no line is known to be old.
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
    """Write into `files` what a rule may read of `versions` that no change shows, each place once."""
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
    """Return the places of each content: those where a commit brought it, or else the first.

    Some rules are for some endings only, so each of these makes it another content.
    """
    contents = dict[tuple[str, str], dict[str, FileOrigin]]()
    for origin in versions:
        places = contents.setdefault((origin.identity, scan_batches.ending(origin.path)), {})
        if origin.commit or not places:
            places.setdefault(origin.path, origin)
    return [list(places.values()) for places in contents.values()]


@dataclass(frozen=True)
class _CommitMessages:
    """Commits, as git keeps them, without what holds no secret: names of other objects, and people named before."""

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
    """Return the identities of `origins` that are checked out at `commit`, with all names of files."""
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
    """Tell whether `identity` is an object of git or a part of one, whose content is the same in each scan."""
    return identity != _NAMES and not identity.startswith(_CHECKED_OUT)


def version_of(identity: str) -> str:
    """Return the object that `identity` is, or is a part of."""
    return identity.rpartition(":")[2]


def _tree(history: Path, commit: str) -> Iterator[tuple[str, str, str]]:
    for entry in git.tree(history, commit):
        yield entry.kind, entry.identity, entry.path.decode("utf-8", "replace")
