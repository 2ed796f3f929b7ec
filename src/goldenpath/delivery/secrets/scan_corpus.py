"""Prepare contents for gitleaks: unpack archives, and convert texts to UTF-8."""

from __future__ import annotations

import codecs
import re
import shutil
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from goldenpath.delivery.checkout.checkout import LFS_POINTER
from goldenpath.delivery.secrets import archive_members, embedded_streams, line_windows, printable_runs, scan_batches
from goldenpath.delivery.secrets.archive_members import CHUNK, DAMAGED, IN_MEMORY
from goldenpath.delivery.secrets.scan_batches import ScanBatches
from goldenpath.delivery.secrets.scan_limits import FileBudget, LimitReached, ScanBudget

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from mmap import mmap
    from pathlib import Path

    from goldenpath.delivery.secrets.line_windows import LineWindow

_Part = TypeVar("_Part")

_SAMPLE = 4096
# A text in a two-byte encoding has a zero at almost every other byte; a program or a picture does not.
_MANY = 0.7
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Archives that Python cannot read: gitleaks opens them itself, if the name has the right ending.
_FOREIGN = (
    (b"\x28\xb5\x2f\xfd", ".zst"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"Rar!\x1a\x07", ".rar"),
    (b"\x04\x22\x4d\x18", ".lz4"),
    (b"LZIP", ".lz"),
)
# gitleaks ignores errors in these: an encrypted or damaged archive looks like one without secrets.
_SILENT = (".7z", ".rar")
# Archives that nothing here opens: Debian's and RPM's packages, cabinets, squashed file systems, lzop, bzip3.
_UNOPENED = (b"!<arch>\ndebian-binary", b"\xed\xab\xee\xdb", b"MSCF", b"hsqs", b"\x89LZO", b"BZ3v1")
# zipfile raises a RuntimeError for an encrypted member, and a NotImplementedError for an unknown compression.
_CANNOT_OPEN = (RuntimeError, NotImplementedError)


class FileOrigin(Struct, frozen=True, gc=False):
    """Where a file comes from: the git object's id, and the path it has in the repository, `!` before each member.

    `commit` is the commit whose message it is, or that added the file there; empty if no commit of the run did.
    """

    identity: str
    path: str
    commit: str = ""


@dataclass(frozen=True)
class UnreadFile:
    """A file `origin` that a limit left unread, at least in part; the sentence is its path followed by `what`."""

    origin: FileOrigin
    what: str


@dataclass(frozen=True)
class _UnopenedArchive:
    """A content that may contain others, kept in a `file` until all smaller ones were opened."""

    size: int
    file: Path
    origin: FileOrigin


@dataclass
class ScanCorpus:
    """The contents of a scan, below `folder`; `origins` maps the number of a content to its place in the repository.

    `also` has more places of the same content. `not_scanned` has a sentence for every content that cannot be scanned.
    `unread` has the files that a limit of ours left unread, by the path of the app's file. `words` is the
    `line_windows.multi_line_pattern` of the rules.
    """

    folder: Path
    words: re.Pattern[bytes] = re.compile(b"")
    origins: dict[str, FileOrigin] = field(default_factory=dict)
    also: dict[str, list[FileOrigin]] = field(default_factory=dict)
    not_scanned: list[str] = field(default_factory=list)
    unread: dict[str, UnreadFile] = field(default_factory=dict)
    budget: ScanBudget = field(default_factory=ScanBudget)
    _waiting: list[_UnopenedArchive] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.packed = ScanBatches(self.folder / "packed", self.words)

    def close(self) -> None:
        """Open the archives, small ones first, and write the contents that were collected so far."""
        for archive in sorted(self._waiting, key=lambda waiting: waiting.size):
            with archive.file.open("rb") as raw:
                self._open(raw, archive)
            archive.file.unlink()
        self._waiting.clear()
        self.packed.close()

    def add_lines(
        self, origin: FileOrigin, parts: Iterable[LineWindow], elsewhere: frozenset[bytes] = frozenset()
    ) -> None:
        """Write the `parts` of a plain text that contains the words `elsewhere` (`line_windows`)."""
        number = self._number(origin)
        for part in parts:
            self.packed.add_text(number, origin.path, part.text, part.first - 1, elsewhere)

    def add_regions(self, origin: FileOrigin, regions: Iterable[tuple[int, bytes]]) -> None:
        """Write `regions` of a text unchanged; each comes with the number of lines before it."""
        number = self._number(origin)
        for lines_before, region in regions:
            self.packed.add(number, origin.path, [region], lines_before)

    def _number(self, origin: FileOrigin) -> str:
        number = f"{len(self.origins):07d}"
        self.origins[number] = origin
        return number

    def add(self, origin: FileOrigin, content: Iterable[bytes], also: Iterable[FileOrigin] = ()) -> None:
        """Write `content`, however it is packed or encoded; its members are written when the corpus is closed.

        `also` are other places where the repository has it.

        Raises `OSError` when there is no room.
        """
        with SpooledTemporaryFile(IN_MEMORY, dir=str(self.folder)) as raw:
            if others := list(also):
                self.also[f"{len(self.origins):07d}"] = others
            sample = self.write(raw, origin, content)
            if archive_members.may_contain_files(raw, sample):
                waiting = self.folder / f"waiting-{len(self._waiting):07d}"
                with waiting.open("wb") as file:
                    raw.seek(0)
                    shutil.copyfileobj(raw, file, CHUNK)
                    self._waiting.append(_UnopenedArchive(file.tell(), waiting, origin))

    def write(self, raw: IO[bytes], origin: FileOrigin, content: Iterable[bytes]) -> bytes:
        """Write `content` through the empty file `raw`, and return its first bytes."""
        number = self._number(origin)
        raw.writelines(content)
        raw.seek(0)
        sample = raw.read(_SAMPLE)
        if sample.startswith(LFS_POINTER):
            self.not_scanned.append(f"{origin.path} is kept in git-lfs; only its pointer was scanned")
        whole = archive_members.whole_content(raw)
        self._give(raw, whole, number, origin.path)
        if encoding := encoding_of(sample):
            self.packed.add(number, origin.path, _transcoded(raw, encoding))
        elif printable_runs.may_hold_wide_texts(whole) and (texts := embedded_streams.wide_texts(whole)):
            self.packed.add(number, origin.path, [texts])
        self._give_foreign(raw, number, origin, sample)
        return sample

    def _give(self, raw: IO[bytes], whole: bytes | mmap, number: str, path: str) -> None:
        """Add the file itself: the whole of a text, and the printable runs of a binary file.

        If a rule asks for the ending of the name, add all of it: the rule may require nothing else.
        """
        if isinstance(whole, bytes) and not printable_runs.is_binary(whole):
            self.packed.add_text(number, path, whole, elsewhere=line_windows.words_elsewhere(whole))
        elif not (
            scan_batches.ending(path) or line_windows.may_have_far_word(path, whole)
        ) and printable_runs.is_binary(whole[: printable_runs.LOOKED_AT]):
            elsewhere = line_windows.words_elsewhere(whole[:])
            for run in printable_runs.runs(archive_members.read(raw)):
                self.packed.add_text(number, path, run.content, run.lines_before, elsewhere)
        else:
            self.packed.add(number, path, archive_members.read(raw))

    def _give_foreign(self, raw: IO[bytes], number: str, origin: FileOrigin, sample: bytes) -> None:
        if sample.startswith(_UNOPENED):
            self.not_scanned.append(f"{origin.path} is an archive of a kind that is not opened")
        for magic, ending in _FOREIGN:
            if sample.startswith(magic):
                self.packed.add_archive(number, ending, archive_members.read(raw))
                if ending in _SILENT:
                    note = (
                        f"{origin.path} was scanned by gitleaks, which does not report the members that it cannot open"
                    )
                    self.not_scanned.append(note)

    def _open(self, raw: IO[bytes], waiting: _UnopenedArchive) -> None:
        try:
            self.budget.require_more()
        except LimitReached as limit:
            self.leave_unread(waiting.origin, limit)
            return
        sample = raw.read(_SAMPLE)
        _ArchiveOpening(self, waiting.origin, FileBudget(self.budget, waiting.size)).unpack(
            raw, waiting.origin, sample, 0
        )

    def leave_unread(self, origin: FileOrigin, limit: LimitReached, member: str = "") -> None:
        """Note that `limit` left a part of the app's file `origin` unread, from its `member` on."""
        what = f"{limit}" if member in ("", origin.path) else f"{limit} (at {member})"
        self.unread.setdefault(origin.path, UnreadFile(origin, what))


@dataclass(frozen=True)
class _ArchiveOpening:
    """Unpacks one file of the app, and the archives in it, within the `budget` of that file."""

    files: ScanCorpus
    file: FileOrigin
    budget: FileBudget

    def unpack(self, raw: IO[bytes], origin: FileOrigin, sample: bytes, depth: int) -> None:
        """Add the members of `raw`, the content of `origin`, which is `depth` archives deep in the file."""
        for name, content in self._readable(origin, archive_members.members(raw, sample, self.budget)):
            member = replace(origin, path=f"{origin.path}!{name}" if name else origin.path)
            try:
                self.budget.enter(depth)
            except LimitReached as limit:
                self.files.leave_unread(self.file, limit, origin.path)
                return
            with SpooledTemporaryFile(IN_MEMORY, dir=str(self.files.folder)) as inner:
                begin = self.files.write(inner, member, self._counted(member, content))
                self.unpack(inner, member, begin, depth + 1)

    def _counted(self, member: FileOrigin, content: Iterable[bytes]) -> Iterator[bytes]:
        """Yield `content` as far as it can be read and the budget of its file allows."""
        for chunk in self._readable(member, content):
            yield chunk
            try:
                self.budget.take(len(chunk))
            except LimitReached as limit:
                self.files.leave_unread(self.file, limit, member.path)
                return

    def _readable(self, origin: FileOrigin, parts: Iterable[_Part]) -> Iterator[_Part]:
        """Yield the readable `parts`, and note why the rest could not be read."""
        left = iter(parts)
        while True:
            try:
                part = next(left)
            except StopIteration:
                return
            except LimitReached as limit:
                self.files.leave_unread(self.file, limit, origin.path)
                return
            except (RecursionError, MemoryError):
                self.files.leave_unread(self.file, LimitReached("needs more memory than a scan has"), origin.path)
                return
            except _CANNOT_OPEN as error:
                self.files.not_scanned.append(f"{origin.path} is in an archive that cannot be opened ({error})")
                return
            except DAMAGED as error:
                if _is_ours_to_raise(error):
                    raise
                self.files.not_scanned.append(
                    f"{origin.path} is a damaged archive, or in one; what could be read of it was scanned"
                )
                return
            yield part


def encoding_of(sample: bytes) -> str | None:
    """Return the two- or four-byte encoding of a text that begins with `sample`; `None` for any other."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    even, odd = sample[0::2], sample[1::2]
    if not odd:
        return None
    zeros = (even.count(0) / len(even), odd.count(0) / len(odd))
    if zeros[1] > _MANY and zeros[0] < 1 - _MANY:
        return "utf-16-le"
    if zeros[0] > _MANY and zeros[1] < 1 - _MANY:
        return "utf-16-be"
    return None


def _transcoded(raw: IO[bytes], encoding: str) -> Iterator[bytes]:
    text = codecs.getincrementaldecoder(encoding)(errors="replace")
    return (text.decode(chunk).encode() for chunk in archive_members.read(raw))


def _is_ours_to_raise(error: BaseException) -> bool:
    """Return whether `error` comes from the system, such as a full disk; a damaged archive has no error number."""
    return isinstance(error, OSError) and error.errno is not None
