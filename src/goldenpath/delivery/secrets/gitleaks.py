"""Search files for secrets with gitleaks: run the program, and read its reports."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Finding, Gate, Location, Severity
from goldenpath.delivery.scanners import scanner
from goldenpath.delivery.secrets.canary import Canary
from goldenpath.delivery.secrets.scan_batches import FIRST_LINE, TAR_ENDING
from goldenpath.shared import codec, git_settings, process

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from goldenpath.delivery.secrets.scan_batches import Batch
    from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus
    from goldenpath.shared.toolchain import Program

_ARCHIVE_DEPTH = "4"
_DECODE_DEPTH = "5"
_MARK_LENGTH = 4
# The message of gitleaks for an archive that we named and that it cannot read.
_UNREADABLE = re.compile(r"path=\S*?(\d{7})-archive\.(?:zst|7z|rar|lz4|lz)\b")
# The messages of a run without problems, with the number of bytes that were scanned.
_ALL_WELL = re.compile(
    r"^\S+ (?:INF (?:scanned ~(?P<bytes>\d+) bytes .*|no leaks found)"
    r"|WRN leaks found: \d+)$"
)
# This rule reports any long random word beside a word like "key". Lock files are full of such words, so its reports
# there are dropped; the rules that know the form of a secret apply to lock files too.
_GUESSING_RULES = {"generic-api-key"}
_LOCK_FILES = re.compile(
    r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|deno\.lock|composer\.lock|Gemfile\.lock|"
    r"Pipfile\.lock|poetry\.lock|uv\.lock|pdm\.lock|Cargo\.lock|go\.sum|mix\.lock|gradle\.lockfile)$"
)
# Identifies a secret independently of its place: rule, entropy and mark.
SecretKey = tuple[str, float, str]
_HISTORY_ONLY = (
    "Revoke this secret first. Only the repository's history has it: once it is revoked, `goldenpath settle` writes "
    "the record that lets it pass for good."
)


class Leak(Struct, frozen=True):
    """One entry of gitleaks' report, without its secret: `Mark` and `Entropy` distinguish secrets.

    The mark has 65,536 values, too few to guess a weak password from it. The entropy is in bits per character; without
    the mark, one in thirty tokens of the same form would have the same entropy as another.
    """

    RuleID: str
    Description: str
    StartLine: int
    File: str
    Commit: str
    Entropy: float
    Mark: str = ""
    EndLine: int = 0


class _ReportEntry(Leak, frozen=True):
    Secret: str = ""


@dataclass(frozen=True)
class BatchReport:
    """The leaks in the batch in `folder`, and the numbers of its archives that gitleaks could not read."""

    folder: Path
    leaks: tuple[Leak, ...]
    unreadable: tuple[str, ...]


def scan_files(program: Program, files: ScanCorpus) -> tuple[tuple[Leak, ...], tuple[str, ...]]:
    """Return the leaks in plain `files`, and the paths of archives that gitleaks could not read.

    A leak's `File` is a path in the repository, its `Commit` the id of the object that it is in. Raises `ScannerFailed`
    when gitleaks fails, writes no report, or scanned less than its input.
    """
    return merge_reports([scan_batch(program, files.packed.take())], files)


def scan_batch(program: Program, batch: Batch) -> BatchReport:
    """Return the report on a `batch`, with file names as in the batch. Raises `ScannerFailed` as `scan_files` does."""
    canary = Canary()
    places = batch.seal(canary.name, FIRST_LINE + canary.encoded)
    depths = (f"--max-archive-depth={_ARCHIVE_DEPTH}", f"--max-decode-depth={_DECODE_DEPTH}")
    report, said = run(program, "dir", batch.folder, *depths)
    reported = leaks(report)
    unreadable = {match[1]: None for line in said if (match := _UNREADABLE.search(line))}
    if strange := [line for line in said if not _UNREADABLE.search(line) and not _ALL_WELL.match(line)]:
        raise scanner.failed("gitleaks", "\n".join(strange[-process.QUOTED_LINES :]))
    if (looked := scanned_bytes(said)) < batch.size:
        raise scanner.failed("gitleaks", f"It scanned {looked} of {batch.size} bytes")
    return BatchReport(batch.folder, canary.remove_from(reported, places), tuple(unreadable))


def merge_reports(reports: Iterable[BatchReport], files: ScanCorpus) -> tuple[tuple[Leak, ...], tuple[str, ...]]:
    """Return the result of `scan_files` from the `reports` on its batches. Raises `ScannerFailed` if one is missing."""
    listed = tuple(reports)
    scanned, taken = {report.folder for report in listed}, {batch.folder for batch in files.packed.taken}
    if scanned != taken or not files.packed.batch.is_empty:
        raise scanner.failed("gitleaks", "It was not given every file that was written for it")
    every = sorted((leak for report in listed for leak in report.leaks), key=_place)
    unreadable = sorted(name for report in listed for name in report.unreadable)
    return tuple(with_repository_paths(every, files)), tuple(_origins(files, name, 0)[0][0].path for name in unreadable)


def scanned_bytes(said: Iterable[str]) -> int:
    """Return the number of bytes that gitleaks reports as scanned."""
    return sum(int(match["bytes"] or 0) for line in said if (match := _ALL_WELL.match(line)))


def run(program: Program, command: str, target: Path, *more: str) -> tuple[bytes, tuple[str, ...]]:
    """Run gitleaks; return its report and its messages. No file, comment or variable of the app configures the scan.

    The report contains the secrets: its file is deleted before this returns, and `leaks` keeps none of them. gitleaks
    runs in the `target` folder and sees relative paths only: a rule may exempt a path, and the folder could match it.
    """
    with scanner.empty_folder("gitleaks") as folder:
        ignored, config, report = folder / "nothing-ignored", folder / "gitleaks.toml", folder / "report.json"
        ignored.touch()
        config.write_bytes(program.rules)
        done = process.run(
            program.path, command, "--no-banner", "--no-color", "--log-level", "info",
            "--exit-code", "0", "--report-format", "json", "--report-path", report,
            "--config", config, "--gitleaks-ignore-path", ignored, "--ignore-gitleaks-allow", *more, "--", ".",
            timeout=scanner.TIMEOUT, cwd=target, environment=git_settings.environment("log"),
        )  # fmt: skip
        said = done.stderr.decode("utf-8", "replace").splitlines()
        return report.read_bytes(), tuple(line for line in said if line.strip())


def leaks(report: bytes) -> tuple[Leak, ...]:
    """Return the leaks in a JSON report of gitleaks, sorted by place. Raises `ScannerFailed` for anything else."""
    try:
        entries = codec.decode(report, list[_ReportEntry])
    except ValueError as error:
        raise scanner.failed("gitleaks", f"Its report cannot be read: {error}") from None
    listed = (
        Leak(entry.RuleID, entry.Description, entry.StartLine, entry.File, entry.Commit, entry.Entropy,
             scanner.fingerprint(entry.Secret)[:_MARK_LENGTH], entry.EndLine)
        for entry in entries
    )  # fmt: skip
    # gitleaks reads files in parallel and reports leaks in no fixed order.
    return tuple(sorted(listed, key=_place))


def _place(leak: Leak) -> tuple[object, ...]:
    return leak.File, leak.StartLine, leak.Commit, leak.RuleID, leak.Entropy, leak.Mark


def with_repository_paths(leaks_in_files: Iterable[Leak], files: ScanCorpus) -> Iterator[Leak]:
    """Yield every leak in `files` once for each path of its content in the repository, with the object's id.

    Raises `ScannerFailed` when a leak is in a file that was not given to gitleaks.
    """
    first = dict[tuple[object, ...], tuple[str, int]]()
    for leak in leaks_in_files:
        tar, _, member = leak.File.partition(f"{TAR_ENDING}!")
        name, _, inner = (member or tar).partition("!")
        origins, line, begin = _origins(files, name, leak.StartLine)
        # For a member of an archive only the first path counts, whether gitleaks or this package unpacked it.
        for origin in origins if tar != leak.File else origins[:1]:
            path = f"{origin.path}!{inner}" if inner else origin.path
            # Parts of a file overlap, so two parts may report the same leak.
            same = (path, origin.identity, line, leak.RuleID, leak.Entropy, leak.Mark)
            if first.setdefault(same, (leak.File, begin)) == (leak.File, begin):
                end = line + max(leak.EndLine - leak.StartLine, 0)
                yield replace(leak, File=path, Commit=origin.identity, StartLine=line, EndLine=end)


def _origins(files: ScanCorpus, name: str, line: int) -> tuple[tuple[FileOrigin, ...], int, int]:
    place = files.packed.place(name, line)
    if place is None:
        raise scanner.failed("gitleaks", f"Its report names {name}, which it was not given")
    number, line, begin = place
    return (files.origins[number], *files.also.get(number, ())), line, begin


def parse(report: bytes) -> tuple[Finding, ...]:
    """Return the findings in a JSON report of gitleaks, sorted by place. Raises `ScannerFailed` for anything else."""
    return findings(leaks(report))


def secrets_in(leaks_in_files: Iterable[Leak], identities: Collection[str]) -> frozenset[SecretKey]:
    """Return the keys of the secrets in the objects `identities`, at any path."""
    return frozenset(_secret_key(leak) for leak in leaks_in_files if leak.Commit in identities)


def findings(leaks_in_files: Iterable[Leak], checked_out: Collection[SecretKey] | None = None) -> tuple[Finding, ...]:
    """Return every secret once, at its first place, because several versions of a file show the same secret.

    `checked_out` are the secrets that a checked-out file contains; at no path do these count as being in history only.
    It is `None` if that is not known.

    The fingerprint depends on the rule, the path, the secret's entropy and mark, and its rank among equal secrets in
    one version of the file. It stays the same when lines move and when commits are rewritten.
    """
    once: dict[str, Finding] = {}
    equals: Counter[tuple[object, ...]] = Counter()
    for leak in filter(is_finding, leaks_in_files):
        same = (leak.RuleID, leak.File, leak.Entropy, leak.Mark)
        rank = equals[*same, leak.Commit]
        equals[*same, leak.Commit] += 1
        is_gone = checked_out is not None and _secret_key(leak) not in checked_out
        finding = _finding(leak, scanner.fingerprint(*map(str, same), str(rank)), is_gone=is_gone)
        once.setdefault(finding.fingerprint, finding)
    return tuple(once.values())


def is_finding(leak: Leak) -> bool:
    """Return whether a leak counts as a finding. A guess in a lock file, which is full of hashes, does not."""
    return leak.RuleID not in _GUESSING_RULES or not _LOCK_FILES.search(leak.File)


def _secret_key(leak: Leak) -> SecretKey:
    return leak.RuleID, leak.Entropy, leak.Mark


def _finding(leak: Leak, fingerprint: str, *, is_gone: bool) -> Finding:
    return Finding(
        gate=Gate.GITLEAKS,
        id=leak.RuleID,
        severity=Severity.CRITICAL,
        title=leak.Description or leak.RuleID,
        location=Location(leak.File, max(leak.StartLine, 0), leak.Commit),
        fingerprint=fingerprint,
        advice=_HISTORY_ONLY if is_gone else "",
        in_history_only=is_gone,
    )
