"""Count how often one version of a file has the same secret, if several changes of its path added that secret.

A fingerprint counts the equal secrets of one version. A change shows only the lines that it added, not the rest of the
version. Only a version whose change added the secret again can have it more often than the versions before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

from goldenpath.delivery.secrets import git_objects, gitleaks, line_windows, wide_windows
from goldenpath.delivery.secrets.line_windows import LineWindow
from goldenpath.delivery.secrets.scan_corpus import ScanCorpus
from goldenpath.shared import git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.secrets.git_objects import ExportedObjects, ScanRange
    from goldenpath.delivery.secrets.gitleaks import Leak
    from goldenpath.delivery.secrets.scan_corpus import FileOrigin
    from goldenpath.shared.toolchain import Program

# The path of a file and the object that is a version of it.
PathVersion = tuple[str, str]
# A path, and what distinguishes the secrets in it: rule, entropy and mark.
SecretOfPath = tuple[str, str, float, str]


def with_repeats(
    program: Program, wanted: ScanRange, exported: ExportedObjects, leaks: tuple[Leak, ...]
) -> tuple[Leak, ...]:
    """Return the `leaks`, and all equal ones of every version whose change added a secret that was there before.

    gitleaks reads only the places of such a version that have a line of one of these secrets; otherwise it would read a
    file of 200 versions 200 times. If git does not show which lines a change added, gitleaks reads the whole version.
    """
    groups = [*repeated(leaks, exported.changed).values()]
    partial = {(origin.path, origin.identity): origin for origins in exported.partial.values() for origin in origins}
    again = {place: partial[place] for group in groups for place in group if place in partial}
    if not again:
        return leaks
    shown = partial.keys() | exported.changed.keys()
    clear = [group for group in groups if group.keys() <= shown]
    unclear = {place for group in groups if not group.keys() <= shown for place in group}
    files = ScanCorpus(exported.files.folder.parent / "again", exported.files.words)
    whole = [origin for place, origin in again.items() if place in unclear]
    git_objects.write_whole(wanted.history, whole, files)
    in_places = {place: origin for place, origin in again.items() if place not in unclear}
    _write_places(wanted.history, in_places, clear, files)
    files.close()
    equal, _ = gitleaks.scan_files(program, files)
    return (*leaks, *equal)


def repeated(
    leaks: Iterable[Leak], changed: Mapping[PathVersion, Sequence[range]]
) -> dict[SecretOfPath, dict[PathVersion, list[range]]]:
    """Return the secrets that several changes of one path added, with their places in each of these versions.

    `changed` is as in `ExportedObjects`. A file that grows at its end shows its last old line with each change. That
    line is not brought by the change, or else every version would count as a repeat
    (docs/adr/0041-what-a-change-brings.md).
    """
    seen, brought = _by_secret(), _by_secret()
    for leak in filter(gitleaks.is_finding, leaks):
        place, lines = (
            (leak.File, git_objects.version_of(leak.Commit)),
            range(leak.StartLine, max(leak.StartLine, leak.EndLine) + 1),
        )
        secret = (leak.File, leak.RuleID, leak.Entropy, leak.Mark)
        seen[secret][place].append(lines)
        if _is_brought(lines, changed.get(place)):
            brought[secret][place].append(lines)
    # If only old lines show a secret, no change of lines added it, so every version counts.
    places = {secret: brought.get(secret, all_of_it) for secret, all_of_it in seen.items()}
    return {secret: versions for secret, versions in places.items() if len(versions) > 1}


def _by_secret() -> defaultdict[SecretOfPath, defaultdict[PathVersion, list[range]]]:
    return defaultdict(lambda: defaultdict(list))


def _is_brought(lines: range, changed: Sequence[range] | None) -> bool:
    """Return whether one of the `lines` is new, or lines between them were removed.

    `changed` is sorted. It is `None` if it is not known which lines are new; then every line counts as new.
    """
    if changed is None:
        return True
    before = bisect_right(changed, lines[-1], key=lambda new: new.start)
    return bool(before) and lines.start < changed[before - 1].stop


def _write_places(
    history: Path,
    versions: Mapping[PathVersion, FileOrigin],
    groups: Sequence[Mapping[PathVersion, Sequence[range]]],
    files: ScanCorpus,
) -> None:
    """Write into `files` the places of `versions` that have a line of a secret of one of their `groups`.

    Every line of a version was added by some change. So a secret of a group can only be in lines that are equal to
    lines that a change in the group added.
    """
    groups_of_line, groups_of = defaultdict[bytes, set[int]](set), defaultdict[tuple[str, str], set[int]](set)
    lines = _lines_of(history, groups)
    for number, group in enumerate(groups):
        for place, ranges in group.items():
            groups_of[place].add(number)
            for line in (line for at in ranges for line in lines[place, at]):
                groups_of_line[line].add(number)
    for place, text in _read(history, versions):
        wanted = {line for line in text.split(b"\n") if not groups_of[place].isdisjoint(groups_of_line.get(line, ()))}
        files.add_lines(versions[place], lines_around(text, wanted), line_windows.words_elsewhere(text))


def _lines_of(
    history: Path, groups: Iterable[Mapping[PathVersion, Sequence[range]]]
) -> dict[tuple[PathVersion, range], list[bytes]]:
    """Return the lines of each range in the `groups` that are not blank."""
    asked = defaultdict[tuple[str, str], set[range]](set)
    for group in groups:
        for place, ranges in group.items():
            asked[place].update(ranges)
    lines_of = dict[tuple[PathVersion, range], list[bytes]]()
    for place, text in _read(history, asked):
        lines = text.split(b"\n")
        for at in asked[place]:
            lines_of[place, at] = [line for line in lines[max(at.start - 1, 0) : at.stop - 1] if line.strip()]
    return lines_of


def _read(history: Path, versions: Collection[PathVersion]) -> Iterator[tuple[PathVersion, bytes]]:
    """Yield every version of `versions` with its content."""
    if not versions:
        return
    with git.reader(history, [identity for _, identity in versions]) as objects:
        for place in versions:
            yield place, b"".join(objects.read(place[1]))


def lines_around(text: bytes, wanted: Collection[bytes]) -> Iterator[LineWindow]:
    """Yield the `wanted` lines of `text` with the lines around them that a rule may join."""
    lines, reach = text.split(b"\n"), line_windows.AT_MOST
    places = [(max(at - reach, 0), at + reach + 1) for at, line in enumerate(lines) if line in wanted]
    for begin, end in wide_windows.merge_ranges(places):
        yield LineWindow(begin + 1, b"\n".join(lines[begin:end]) + b"\n")
