"""gitleaks: secrets in git history. Running it and reading its report are two functions."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.model import codec
from goldenpath.model.finding import Finding, Gate, Location, Severity
from goldenpath.tools import process, scanner

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.tools.toolchain import Program

# gitleaks reads `git log -p`, and sees only what that shows: the change a merge makes to its first parent, files that
# .gitattributes calls binary, and no drivers that rewrite what is shown.
_SHOW_EVERYTHING = ("--full-history", "--diff-merges=first-parent", "--text", "--no-textconv", "--no-ext-diff")
# The clone may belong to another user (a container's, or the runner's): it is only read.
_ANY_OWNER = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}


class _Leak(Struct, frozen=True):
    RuleID: str
    Description: str
    StartLine: int
    File: str
    Commit: str


def scan(program: Program, git_folder: Path, revisions: tuple[str, ...]) -> bytes:
    """Scan the commits that `revisions` select and return gitleaks' JSON report, redacted.

    `git_folder` is where the clone keeps its history (see `git.folder`).

    Nothing in the repository configures the scan: no `.gitleaks.toml`, `.gitleaksignore` nor `gitleaks:allow`.
    Raises `ScannerFailed` when gitleaks does not end well or leaves no report.
    """
    with scanner.empty_folder("gitleaks") as folder:
        ignored, config, report = folder / "nothing-ignored", folder / "gitleaks.toml", folder / "report.json"
        ignored.touch()
        config.write_bytes(resources.files("goldenpath.tools").joinpath("gitleaks.toml").read_bytes())
        history = _history_alone(git_folder, folder / "history")
        done = process.run(
            program.path, "git", "--no-banner", "--log-level", "error", "--redact=100", "--exit-code", "0",
            "--report-format", "json", "--report-path", report,
            "--config", config, "--gitleaks-ignore-path", ignored, "--ignore-gitleaks-allow",
            f"--log-opts={' '.join((*_SHOW_EVERYTHING, *revisions))}", "--", history,
            timeout=scanner.TIMEOUT, cwd=folder, environment=_ANY_OWNER,
        )  # fmt: skip
        # When git fails, gitleaks says so and ends with 0 and an empty report.
        if done.stderr.strip():
            raise scanner.failed("gitleaks", done.last_words)
        return report.read_bytes()


def _history_alone(git_folder: Path, folder: Path) -> Path:
    """Make `folder` an empty working tree over the same history.

    gitleaks always reads the `.gitleaksignore` of the folder it scans, whatever --gitleaks-ignore-path says.
    """
    folder.mkdir()
    (folder / ".git").write_text(f"gitdir: {git_folder}\n", encoding="utf-8")
    return folder


def parse(report: bytes) -> tuple[Finding, ...]:
    """Return the findings in a JSON report of gitleaks. Raises `ScannerFailed` when it is not one."""
    try:
        leaks = codec.decode(report, list[_Leak])
    except ValueError as error:
        raise scanner.failed("gitleaks", f"its report cannot be read: {error}") from None
    return tuple(_finding(leak) for leak in leaks)


def _finding(leak: _Leak) -> Finding:
    return Finding(
        gate=Gate.GITLEAKS,
        id=leak.RuleID,
        severity=Severity.CRITICAL,
        title=leak.Description or leak.RuleID,
        location=Location(leak.File, max(leak.StartLine, 0), leak.Commit),
        fingerprint=scanner.fingerprint(leak.RuleID, leak.File, leak.Commit, str(leak.StartLine)),
    )
