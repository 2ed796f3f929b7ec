"""Find the last commit that changed a path or the lines of a file, and return its time.

The times depend only on the commit and its history: not on the clock, the checkout or the version of git.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.shared import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_TIMEOUT = 300.0
# The newest commits that touch a path are read first: nearly always the first of them decides.
_FIRST, _MORE = 10, 20
_COMMIT = re.compile(rb"\0\0+(\d+)\0")
_VERSION = re.compile(rb"^(\d+)\n\n:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) ", re.MULTILINE)
_SPECIAL = re.compile(r"([*?\[\\])")


def of_path(source: Path, commit: str, folder: str, path: str, ignored: Callable[[str], bool]) -> int | None:
    """Return the time of the last commit up to `commit` that changed a file at `path`; `None` where none did.

    `path` is relative to `folder`, which is relative to the repository; it may be a pattern, as in a Dockerfile. Files
    that are `ignored`, by their paths in `folder`, do not count.
    """
    inside = f"{folder}/" if folder else ""
    patterns = _pathspecs(_SPECIAL.sub(r"\\\1", inside), path.strip("/"))
    for time, names in _changes(source, commit, patterns):
        if any(not ignored(name.removeprefix(inside)) for name in names if name.startswith(inside)):
            return time
    return None


def of_lines(source: Path, commit: str, path: str) -> Callable[[int | None], int | None]:
    """Return a function of `count`: the time when one of the first `count` lines (`None`: all) of a file last changed.

    It returns `None` for a file that `commit` does not hold.
    """
    versions = _versions(source, commit, path)

    def last_change(count: int | None) -> int | None:
        changed = None
        for time, lines in versions:
            # From the first line on: a layer depends on all lines of the Dockerfile up to its own
            # (docs/adr/0032-times-of-layers.md, decision 2).
            if not lines or lines[:count] != versions[0][1][:count]:
                break
            changed = time
        return changed

    return last_change


def _pathspecs(inside: str, path: str) -> tuple[str, ...]:
    """Return git's patterns for the files at `path`: the file itself, and those below it where it is a folder."""
    # `glob` as in a Dockerfile: `*` ends at a slash. `top`, because the source may be a folder of the repository.
    if not path:
        return (f":(top,glob){inside}**",)
    return (f":(top,glob){inside}{path}", f":(top,glob){inside}{path}/**")


def _changes(source: Path, commit: str, patterns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield the time of each commit that changed a file, the newest first, and the files' paths."""
    skipped, wanted = 0, _FIRST
    while True:
        listed = _log(
            source, commit, patterns, "-z", "--name-only", f"--skip={skipped}", f"--max-count={wanted}",
            "--format=%x00%x00%ct",
        )  # fmt: skip
        _, *parts = _COMMIT.split(b"\0" + listed)
        for time, names in zip(parts[::2], parts[1::2], strict=True):
            paths = names.removeprefix(b"\n").split(b"\0")
            yield int(time), [path.decode("utf-8", "surrogateescape") for path in paths if path]
        if len(parts) < 2 * wanted:
            return
        # Ignored files may fill the first page. Pages grow, so that a long history does not take a thousand of them.
        skipped, wanted = skipped + wanted, wanted * _MORE


def _versions(source: Path, commit: str, path: str) -> list[tuple[int, list[bytes]]]:
    """Return the times at which the file `path` changed, the newest first, and its lines then; none when removed."""
    listed = _log(source, commit, (f":(top,literal){path}",), "--raw", "--no-abbrev", "--format=%ct")
    changes = [(int(time), blob.decode()) for time, blob in _VERSION.findall(listed)]
    blobs = list(dict.fromkeys(blob for _, blob in changes if blob.strip("0")))
    with git.reader(source, blobs) as reader:
        lines = {blob: b"".join(reader.read(blob)).split(b"\n") for blob in blobs}
    return [(time, lines.get(blob, [])) for time, blob in changes]


def _log(source: Path, commit: str, patterns: tuple[str, ...], *words: str) -> bytes:
    # A merge counts as a change where it differs from its first parent: the branch that it was merged into.
    always = ("--no-renames", "--diff-merges=first-parent")
    return git.output(source, "log", *always, *words, commit, "--", *patterns, timeout=_TIMEOUT)
