"""What each commit of a history brings, as git's own diff shows it: one `git log` for all of them.

Every commit lists its new versions of files by their objects (`--raw`), and a patch gives the lines that came with
them. What a patch does not show as plain text is read whole, by its object. A merge lists only what no parent of it
has. Source: git-log(1), git-diff(1), "Raw output format" and "Generating patch text with -p".
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

# A rule of gitleaks looks over at most eight ends of lines, those apart that `line_windows` names.
CONTEXT = 8
# Without `--text`: what git calls binary is not compared line by line, and its objects are read whole.
_WORDS = (
    "log", "--raw", "--patch", f"--unified={CONTEXT}", "--full-index", "--no-abbrev", "--no-renames", "--no-color",
    "--full-history", "--no-textconv", "--no-ext-diff", "--diff-filter=d", "--topo-order", "--reverse",
    "--format=commit %H",
)  # fmt: skip
TIMEOUT = 900.0
_CHUNK = 1 << 20
# Bytes; a longer patch is not held in memory, and what it is about is read whole.
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
    """One place of a patch: the number of its first line in the new version, and its lines with their signs."""

    line: int
    body: bytes


class FileVersion(Struct, frozen=True, gc=False):
    """The version `identity` of the file at `path`, and the `commit` that brought it there.

    `patch` is what git says of the change, `None` where it says nothing, and `hunks` are where the version differs from
    the one before, none where that is more than one. `is_new` is a file that was not there before.
    """

    commit: str
    path: str
    identity: str
    patch: bytes | None = None
    hunks: tuple[Hunk, ...] = ()
    is_new: bool = False


def versions(history: Path, revisions: tuple[str, ...], *, merges: str) -> Iterator[FileVersion]:
    """Yield every version of a file that the commits of `revisions` bring, a commit's parents before the commit.

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
    """Entries of a commit, of which no patch was seen yet."""

    def __init__(self, entries: Iterable[_RawEntry] = ()) -> None:
        self._entries = defaultdict[tuple[bytes, bytes], list[_RawEntry]](list)
        for entry in entries:
            self._entries[entry.before, entry.identity].append(entry)

    def taken(self, before: bytes, identity: bytes) -> list[_RawEntry]:
        """Take out what the patch from `before` to `identity` is about, whatever the paths."""
        return self._entries.pop((before, identity), [])

    def rest(self) -> Iterator[_RawEntry]:
        return (entry for entries in self._entries.values() for entry in entries)


def hunks(section: bytes) -> tuple[Hunk, ...]:
    """Return the places of a patch; none of one against several versions."""
    if not section.startswith(b"diff --git "):
        return ()
    _, *parts = _HUNK.split(section)
    return tuple(
        Hunk(int(line), body[1:].removesuffix(b"\n")) for line, body in zip(parts[::2], parts[1::2], strict=True)
    )


def sections(output: IO[bytes]) -> Iterator[bytes]:
    """Yield the parts of git's `output`: what it says of a commit, and each patch that is not too long."""
    left, is_long = b"", False
    while chunk := output.read(_CHUNK):
        *whole, left = _SECTION.split(left + chunk)
        for number, section in enumerate(whole):
            if not (is_long and number == 0):
                yield section
        is_long = is_long and not whole
        if is_long or (len(left) > _LONGEST and left.startswith(b"diff ")):
            # Only the end is kept, where the next part may begin.
            left, is_long = left[-_BEGIN_OF_NEXT:], True
    if left and not is_long:
        yield left


def unquoted(name: bytes) -> str:
    """Return the path that git prints as `name`: in quotes, with escapes, where it holds unusual letters."""
    if not name.startswith(b'"'):
        return name.decode("utf-8", "replace")
    return _QUOTED.sub(_unescaped, name[1:-1]).decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    return bytes([int(escaped, 8)]) if len(escaped) == 3 else _ESCAPES.get(escaped, escaped)  # noqa: PLR2004  \ooo


@contextmanager
def _git_log(history: Path, *more: str) -> Iterator[IO[bytes]]:
    """Give what `git log` prints. Raises `SourceUnusable` or `ToolFailed` when it does not end well."""
    words = (*_WORDS, *more)
    child = process.start(*git_settings.command(history, *words), environment=git_settings.environment("log"))
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise AssertionError("the pipes were asked for")
    child.stdin.close()
    child.stdin = None
    said: list[bytes] = []
    listening = Thread(target=_collect, args=(child.stderr, said))
    listening.start()
    # What hangs is stopped, and then has not ended well.
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
