"""gitleaks: secrets in git history and in plain files. Running it and reading its reports are separate functions."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from goldenpath.model import codec
from goldenpath.model.finding import Finding, Gate, Location, Severity
from goldenpath.tools import git, process, scanner
from goldenpath.tools.plain_files import FIRST_LINES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from goldenpath.tools.plain_files import PlainFiles
    from goldenpath.tools.toolchain import Program

# gitleaks reads `git log -p`, and sees only what that shows: the change a merge makes to its first parent, files that
# .gitattributes calls binary, and no drivers that rewrite what is shown.
_SHOW_EVERYTHING = (
    "--full-history", "--diff-merges=first-parent", "--text", "--no-textconv", "--no-ext-diff", "--no-renames",
)  # fmt: skip
_ARCHIVE_DEPTH = "4"
# What gitleaks says about an archive whose name we gave it, and which it cannot read.
_UNREADABLE = re.compile(r"path=\S*?(\d{7})\.(?:zst|7z|rar)\b")
# This rule takes any long random word beside a word like "key" for a secret. Lock files are full of such words, and
# gitleaks itself leaves them out; here the rules that know the form of a secret look into them too.
_GUESSING_RULES = {"generic-api-key"}
_LOCK_FILES = re.compile(
    r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|deno\.lock|composer\.lock|Gemfile\.lock|"
    r"Pipfile\.lock|poetry\.lock|uv\.lock|pdm\.lock|Cargo\.lock|go\.sum|go\.mod|mix\.lock|gradle\.lockfile)$"
)


class Leak(Struct, frozen=True):
    """One entry of gitleaks' report, redacted. `Entropy` (bits per character) tells one secret from another."""

    RuleID: str
    Description: str
    StartLine: int
    File: str
    Commit: str
    Entropy: float


def scan(program: Program, history: Path, revisions: tuple[str, ...]) -> bytes:
    """Scan the changes of the commits that `revisions` select in the repository `history`; return the JSON report.

    It is redacted. Raises `ScannerFailed` when gitleaks does not end well or leaves no report.
    """
    report, said = _run(program, "git", history, f"--log-opts={' '.join((*_SHOW_EVERYTHING, *revisions))}")
    # When git fails, gitleaks says so and ends with 0 and an empty report.
    if said:
        raise scanner.failed("gitleaks", said)
    return report


def scan_files(program: Program, folder: Path) -> tuple[bytes, tuple[str, ...]]:
    """Scan the plain files in `folder`; return the JSON report, redacted, and the names of archives it could not read.

    Raises `ScannerFailed` as `scan` does.
    """
    report, said = _run(program, "dir", folder, f"--max-archive-depth={_ARCHIVE_DEPTH}")
    lines = [(line, _UNREADABLE.search(line)) for line in said.splitlines()]
    if strange := [line for line, unreadable in lines if not unreadable]:
        raise scanner.failed("gitleaks", "\n".join(strange[-process.QUOTED_LINES :]))
    return report, tuple(dict.fromkeys(unreadable[1] for _, unreadable in lines if unreadable))


def _run(program: Program, command: str, target: Path, *more: str) -> tuple[bytes, str]:
    """Return the report and stderr. Nothing of the app configures the scan, neither file nor comment nor variable."""
    with scanner.empty_folder("gitleaks") as folder:
        ignored, config, report = folder / "nothing-ignored", folder / "gitleaks.toml", folder / "report.json"
        ignored.touch()
        config.write_bytes(resources.files("goldenpath.tools").joinpath("gitleaks.toml").read_bytes())
        done = process.run(
            program.path, command, "--no-banner", "--no-color", "--log-level", "error", "--redact=100",
            "--exit-code", "0", "--report-format", "json", "--report-path", report,
            "--config", config, "--gitleaks-ignore-path", ignored, "--ignore-gitleaks-allow", *more, "--", target,
            timeout=scanner.TIMEOUT, cwd=folder, environment={**git.ENVIRONMENT, **git.NO_CONFIGURATION},
        )  # fmt: skip
        return report.read_bytes(), done.stderr.decode("utf-8", "replace").strip()


def leaks(report: bytes) -> tuple[Leak, ...]:
    """Return what a JSON report of gitleaks lists, by place. Raises `ScannerFailed` when it is not one."""
    try:
        listed = codec.decode(report, list[Leak])
    except ValueError as error:
        raise scanner.failed("gitleaks", f"its report cannot be read: {error}") from None
    # gitleaks reads commits side by side and reports what it finds in no order.
    return tuple(sorted(listed, key=lambda leak: (leak.File, leak.StartLine, leak.Commit, leak.RuleID, leak.Entropy)))


def placed(found: Iterable[Leak], files: PlainFiles) -> Iterator[Leak]:
    """Yield each leak of plain `files` with the path it has in the repository; its `Commit` is the object's id.

    Raises `ScannerFailed` when a leak is in a file that was not given to gitleaks.
    """
    for leak in found:
        name, _, inner = leak.File.removeprefix(f"{files.folder}/").partition("!")
        origin = files.origins.get(name.partition(".")[0])
        if origin is None:
            raise scanner.failed("gitleaks", f"its report names {leak.File}, which it was not given")
        path = f"{origin.path}!{inner}" if inner else origin.path
        if leak.RuleID not in _GUESSING_RULES or not _LOCK_FILES.search(path):
            yield replace(leak, File=path, Commit=origin.identity, StartLine=leak.StartLine - FIRST_LINES)


def parse(report: bytes) -> tuple[Finding, ...]:
    """Return the findings in a JSON report of gitleaks, by place. Raises `ScannerFailed` when it is not one."""
    return findings(leaks(report))


def findings(found: Iterable[Leak]) -> tuple[Finding, ...]:
    """Return each secret once, where it is first named: several versions of a file, and both scans, show the same one.

    The fingerprint is of the rule, the path, the secret's entropy, and its rank among equals in one version of the
    file: it stays when lines move and when commits are rewritten.
    """
    once: dict[str, Finding] = {}
    equals: Counter[tuple[object, ...]] = Counter()
    for leak in found:
        same = (leak.RuleID, leak.File, leak.Entropy)
        rank = equals[*same, leak.Commit]
        equals[*same, leak.Commit] += 1
        finding = _finding(leak, scanner.fingerprint(*map(str, same), str(rank)))
        once.setdefault(finding.fingerprint, finding)
    return tuple(once.values())


def _finding(leak: Leak, fingerprint: str) -> Finding:
    return Finding(
        gate=Gate.GITLEAKS,
        id=leak.RuleID,
        severity=Severity.CRITICAL,
        title=leak.Description or leak.RuleID,
        location=Location(leak.File, max(leak.StartLine, 0), leak.Commit),
        fingerprint=fingerprint,
    )
