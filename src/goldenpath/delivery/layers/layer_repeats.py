"""Find the files of a layer that the layers below it hold already, byte for byte.

BuildKit leaves such a file out of a layer only where both copies have the same time. They have it in a build without a
cache, and not where the lower layer comes from an earlier checkout. So they are left out here whatever their times are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from goldenpath.delivery.layers.layer_archive import FILE, FOLDER, LINK, SYMLINK, Archive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.delivery.layers.layer_archive import Member
    from goldenpath.shared.names import Digest

_GONE, _ALL_GONE = b".wh.", b".wh..wh..opq"


@dataclass(frozen=True)
class Entry:
    """A file of a layer. Two files with the same `signature` differ only in their times; an empty one means unknown.

    `target` is the path that a hard link names: a file of the same layer.
    """

    path: bytes
    is_folder: bool
    signature: bytes
    target: bytes = b""


def listing(content: IO[bytes], digest: Digest, *, is_copy: bool) -> tuple[Entry, ...]:
    """Return the files of the layer whose archive is `content`; the bytes of files count if it `is_copy`.

    Raises `ValueError` when it is no archive, or another one than `digest`.
    """
    archive = Archive(content)
    entries = tuple(_entry(archive, member, is_copy=is_copy) for member in archive.members())
    for _ in archive.end():
        pass
    if archive.hasher.hexdigest() != digest.hex:
        raise ValueError("The archive is not the one that was built")
    return entries


@dataclass
class LowerLayers:
    """The files of the layers so far: their signatures by their paths."""

    _known: dict[bytes, bytes] = field(default_factory=dict)
    _folders: set[bytes] = field(default_factory=set)

    def add(self, entries: Sequence[Entry]) -> None:
        """Put a layer on top."""
        for entry in entries:
            folder, _, name = entry.path.rpartition(b"/")
            if name == _ALL_GONE:
                self._forget_below(folder)
            elif name.startswith(_GONE):
                self._forget(b"/".join(filter(None, (folder, name.removeprefix(_GONE)))))
            else:
                self._add(entry)

    def repeated(self, entries: Sequence[Entry]) -> frozenset[bytes]:
        """Return the paths of the next layer that these hold already.

        A folder is not among them when a file in it is not.
        """
        # A hard link needs its target in the same layer (OCI Image Specification 1.1, "Image Layer Filesystem
        # Changeset").
        targets = {entry.target for entry in entries if entry.target}
        repeats = {
            entry.path
            for entry in entries
            if entry.signature and self._known.get(entry.path) == entry.signature and entry.path not in targets
        }
        for entry in entries:
            if entry.path not in repeats:
                repeats.difference_update(_parents(entry.path))
        return frozenset(repeats)

    def _add(self, entry: Entry) -> None:
        # A file in the place of a folder hides all that was in it.
        if not entry.is_folder and entry.path in self._folders:
            self._forget(entry.path)
        if entry.is_folder:
            self._folders.add(entry.path)
        if entry.signature:
            self._known[entry.path] = entry.signature
        else:
            self._known.pop(entry.path, None)

    def _forget(self, path: bytes) -> None:
        self._known.pop(path, None)
        if path in self._folders:
            self._forget_below(path)
            self._folders.discard(path)

    def _forget_below(self, folder: bytes) -> None:
        start = folder + b"/" if folder else b""
        self._known = {path: known for path, known in self._known.items() if not path.startswith(start)}
        self._folders = {path for path in self._folders if not path.startswith(start)}


def _entry(archive: Archive, member: Member, *, is_copy: bool) -> Entry:
    kind, path, content = member.kind, member.path, archive.content(member)
    hasher = hashlib.sha256(member.signature)
    for chunk in content:
        if is_copy:
            hasher.update(chunk)
    # Equal bytes do not mean equal devices, pipes or hard links, so those are always written.
    is_known = kind in (FOLDER, SYMLINK) or (is_copy and kind == FILE)
    return Entry(path, kind == FOLDER, hasher.digest() if is_known else b"", member.target if kind == LINK else b"")


def _parents(path: bytes) -> Iterator[bytes]:
    while path := path.rpartition(b"/")[0]:
        yield path
