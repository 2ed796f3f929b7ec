"""Read the changes of every commit in a history from a single `git log`.

For every commit, `--raw` lists the new versions of files with their object ids, and a patch gives the lines that they
add. If a patch does not show a version as plain text, the caller reads the whole object. A merge lists only versions
that none of its parents has. Source: git-log(1), git-diff(1), "Raw output format" and "Generating patch text with -p".
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import contextmanager
from threading import Thread, Timer
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from goldenpath.shared import git_settings, process
from goldenpath.shared.errors import SourceUnusable, ToolFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# A rule of gitleaks reads across at most eight line ends, except for the rules that `line_windows` lists.
CONTEXT = 8
# Without `--text`, git does not compare binary files line by line, and the scan reads their objects whole.
_WORDS = (
    "log", "--raw", "--patch", f"--unified={CONTEXT}", "--full-index", "--no-abbrev", "--no-renames", "--no-color",
    "--full-history", "--no-textconv", "--no-ext-diff", "--diff-filter=d", "--topo-order", "--reverse",
    "--format=commit %H",
)  # fmt: skip
TIMEOUT = 900.0
_CHUNK = 1 << 20
# Bytes. A longer patch is not held in memory; the scan reads the whole object instead.
_LONGEST, _BEGIN_OF_NEXT = 32 << 20, 80
# No line of a patch begins with these: each has a sign before it, and names are quoted.
_SECTION = re.compile(rb"\n(?=commit [0-9a-f]+\n|diff --)")
_ENTRY = re.compile(rb":+(?P<modes>(?:[0-7]{6} )+)(?P<ids>[0-9a-f ]+) [A-Z]+\t(?P<path>.*)")
_INDEX = re.compile(rb"\nindex ([0-9a-f,]+)\.\.([0-9a-f]+)")
_HUNK = re.compile(rb"\n@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@[^\n]*")
_QUOTED = re.compile(rb'\\([abtnvfr"\\]|[0-7]{3})')
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}
_SUBMODULE = b"160000"
_IDENTITY = re.compile(r"\b[0-9a-f]{40,64}\b")


class Hunk(Struct, frozen=True, gc=False):
    """One hunk of a patch: the number of its first line in the new version, and its lines with their signs."""

    line: int
    body: bytes


class FileVersion(Struct, frozen=True, gc=False):
    """The version `identity` of the file at `path`, and the `commit` that brought it there.

    `patch` is git's patch for the change, or `None` if git prints none. `hunks` are its hunks, and empty for a merge,
    which has several versions before it. `is_new` is true if the path did not exist before.
    """

    commit: str
    path: str
    identity: str
    patch: bytes | None = None
    hunks: tuple[Hunk, ...] = ()
    is_new: bool = False


def versions(history: Path, revisions: tuple[str, ...], *, merges: str) -> Iterator[FileVersion]:
    """Yield every version of a file that the commits of `revisions` add; parents come before their children.

    `merges` says what a merge is compared with: `combined` (with all its parents) or `first-parent`. Raises
    `SourceUnusable` when an object is missing.
    """
    commit, waiting = "", _UnmatchedEntries()
    with _git_log(history, f"--diff-merges={merges}", *revisions) as output:
        for section in sections(output):
            if section.startswith(b"commit "):
                yield from (entry.version(commit) for entry in waiting.rest())
                head, _, raw = section.partition(b"\n")
                commit = head[len(b"commit ") :].decode()
                waiting = _UnmatchedEntries(filter(None, map(_entry, raw.split(b"\n"))))
            elif (match := _INDEX.search(section)) and b"\n@@" in section:
                for entry in waiting.taken(match[1], match[2]):
                    yield entry.version(commit, section)
        yield from (entry.version(commit) for entry in waiting.rest())


class _RawEntry(Struct, frozen=True, gc=False):
    """A line of the raw output: the object before, or those before a merge, and the one after."""

    before: bytes
    identity: bytes
    path: str

    def version(self, commit: str, patch: bytes | None = None) -> FileVersion:
        return FileVersion(
            commit, self.path, self.identity.decode(), patch, hunks(patch or b""), not self.before.strip(b"0")
        )


def _entry(line: bytes) -> _RawEntry | None:
    if (match := _ENTRY.fullmatch(line)) is None or match["modes"].split()[-1] == _SUBMODULE:
        return None
    *before, identity = match["ids"].split()
    return _RawEntry(b",".join(before), identity, unquoted(match["path"]))


class _UnmatchedEntries:
    """The entries of a commit for which no patch was read yet."""

    def __init__(self, entries: Iterable[_RawEntry] = ()) -> None:
        self._entries = defaultdict[tuple[bytes, bytes], list[_RawEntry]](list)
        for entry in entries:
            self._entries[entry.before, entry.identity].append(entry)

    def taken(self, before: bytes, identity: bytes) -> list[_RawEntry]:
        """Remove and return the entries that the patch from `before` to `identity` is about, at any path."""
        return self._entries.pop((before, identity), [])

    def rest(self) -> Iterator[_RawEntry]:
        return (entry for entries in self._entries.values() for entry in entries)


def hunks(section: bytes) -> tuple[Hunk, ...]:
    """Return the hunks of a patch; none for a combined patch of a merge."""
    if not section.startswith(b"diff --git "):
        return ()
    _, *parts = _HUNK.split(section)
    return tuple(
        Hunk(int(line), body[1:].removesuffix(b"\n")) for line, body in zip(parts[::2], parts[1::2], strict=True)
    )


def sections(output: IO[bytes]) -> Iterator[bytes]:
    """Yield the sections of git's `output`: the head of a commit, and each patch that is not too long."""
    left, is_long = b"", False
    while chunk := output.read(_CHUNK):
        *whole, left = _SECTION.split(left + chunk)
        for number, section in enumerate(whole):
            if not (is_long and number == 0):
                yield section
        is_long = is_long and not whole
        if is_long or (len(left) > _LONGEST and left.startswith(b"diff ")):
            # Keep only the end, because the next section may begin there.
            left, is_long = left[-_BEGIN_OF_NEXT:], True
    if left and not is_long:
        yield left


def unquoted(name: bytes) -> str:
    """Return the path that git prints as `name`; git quotes and escapes a path with unusual letters."""
    if not name.startswith(b'"'):
        return name.decode("utf-8", "replace")
    return _QUOTED.sub(_unescaped, name[1:-1]).decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    return bytes([int(escaped, 8)]) if len(escaped) == 3 else _ESCAPES.get(escaped, escaped)  # noqa: PLR2004  \ooo


@contextmanager
def _git_log(history: Path, *more: str) -> Iterator[IO[bytes]]:
    """Yield the output of `git log` as a stream. Raises `SourceUnusable` or `ToolFailed` when git fails."""
    words = (*_WORDS, *more)
    child = process.start(*git_settings.command(history, *words), environment=git_settings.environment("log"))
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise AssertionError("the pipes were asked for")
    child.stdin.close()
    child.stdin = None
    said: list[bytes] = []
    listening = Thread(target=_collect, args=(child.stderr, said))
    listening.start()
    # A process that hangs is stopped, which then counts as a failure.
    clock = Timer(TIMEOUT, process.terminate, (child,))
    clock.start()
    try:
        yield child.stdout
        code = child.wait()
    finally:
        clock.cancel()
        child.stderr = None
        process.stop_group(child)
        listening.join()
    if code or said:
        raise _failed(code, b"".join(said).decode("utf-8", "replace").strip())


def _collect(stderr: IO[bytes], said: list[bytes]) -> None:
    with stderr:
        said.extend(iter(lambda: stderr.read(_CHUNK), b""))


def _failed(code: int, said: str) -> Exception:
    if match := _IDENTITY.search(said):
        return SourceUnusable(
            f"The git object {match[0]} is missing from the checkout",
            why="The clone is partial or damaged, and a missing object cannot be scanned",
            fix="Check out with `fetch-depth: 0` and without a filter",
        )
    return ToolFailed(f"git log ended with exit status {code}", why=said or "It printed nothing", fix="Run again")
