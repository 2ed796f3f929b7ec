from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from goldenpath.errors import ScannerFailed, ToolFailed, ToolMissing, ToolTimeout
from goldenpath.model.finding import Finding, Gate, Location, Severity
from goldenpath.tools import gitleaks, process
from tests.unit.hostile import recorded, reports
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.tools.process import Completed

FIELDS = ("RuleID", "Description", "StartLine", "File", "Commit")
UNKNOWN = "gitleaks did not finish its work; what it would have found is unknown, so nothing is released"
# Each blind spot of `git log -p` was tried with a planted token; without its word the token is not seen.
LOG_OPTIONS = "--log-opts=--full-history --diff-merges=first-parent --text --no-textconv --no-ext-diff abc ^def"


def leaves_report(content: bytes, stderr: str = "") -> Callable[..., Completed]:
    def act(*words: str) -> Completed:
        Path(words[words.index("--report-path") + 1]).write_bytes(content)
        return ended(stderr=stderr)

    return act


def doubled(monkeypatch: pytest.MonkeyPatch, answer: object) -> ProgramDouble:
    double = ProgramDouble([answer])  # type: ignore[list-item]
    monkeypatch.setattr(process, "run", double)
    return double


def test_a_report_of_the_real_gitleaks_is_read_with_place_and_commit() -> None:
    found = {each.location.path: each for each in gitleaks.parse(recorded("gitleaks/secrets.json"))}
    assert set(found) == {"config with spaces & ü.py", "hidden.dat", "merged.txt"}
    plain = found["config with spaces & ü.py"]
    assert plain == Finding(
        gate=Gate.GITLEAKS,
        id="github-pat",
        severity=Severity.CRITICAL,
        title="Uncovered a GitHub Personal Access Token, potentially leading to unauthorized repository access and "
        "sensitive content exposure.",
        location=Location("config with spaces & ü.py", 2, plain.location.commit),
        fingerprint=plain.fingerprint,
    )
    assert len(plain.location.commit) == 40


def test_a_secret_that_only_the_merge_brought_is_in_the_real_report() -> None:
    """And one in a file that .gitattributes calls binary: the options that make gitleaks see them were in force."""
    assert {"merged.txt", "hidden.dat"} <= {
        each.location.path for each in gitleaks.parse(recorded("gitleaks/secrets.json"))
    }


def test_no_recorded_report_holds_a_secret() -> None:
    assert b"ghp_" not in recorded("gitleaks/secrets.json")
    assert b'"Secret": "REDACTED"' in recorded("gitleaks/secrets.json")


def test_a_report_of_nothing_is_no_finding() -> None:
    assert gitleaks.parse(recorded("gitleaks/nothing.json")) == ()


def test_the_same_leak_has_the_same_fingerprint_and_another_has_another() -> None:
    first, again = (gitleaks.parse(recorded("gitleaks/secrets.json")) for _ in range(2))
    assert [each.fingerprint for each in first] == [each.fingerprint for each in again]
    assert len({each.fingerprint for each in first}) == len(first)


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (b"", "its report cannot be read: Input data was truncated"),
        (b"{}", "its report cannot be read: Expected `array`, got `object`"),
        (b"null", "its report cannot be read: Expected `array`, got `null`"),
        (b'[{"RuleID": "x"}]', "its report cannot be read: Object missing required field `Description` - at `$[0]`"),
        (b'[{"Tags": ' + b"[" * 100_000, "its report cannot be read: it is nested too deeply"),
    ],
)
def test_a_broken_report_is_an_error_and_never_no_finding(report: bytes, why: str) -> None:
    with pytest.raises(ScannerFailed) as caught:
        gitleaks.parse(report)
    assert (caught.value.what, caught.value.why) == (UNKNOWN, why)


@given(reports(recorded("gitleaks/secrets.json"), recorded("gitleaks/nothing.json"), names=FIELDS))
def test_any_report_is_read_or_refused(report: bytes) -> None:
    try:
        found = gitleaks.parse(report)
    except ScannerFailed:
        return
    assert all(each.severity is Severity.CRITICAL and each.location.line >= 0 for each in found)


def test_gitleaks_sees_an_empty_working_tree_over_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """It always reads the `.gitleaksignore` of the folder it scans, so there is none to read."""

    def look(*words: str) -> Completed:
        tree = Path(words[-1])
        assert [each.name for each in tree.iterdir()] == [".git"]
        assert (tree / ".git").read_text() == "gitdir: /src/.git\n"
        return leaves_report(b"[]")(*words)

    doubled(monkeypatch, look)
    assert gitleaks.scan(program("gitleaks"), Path("/src/.git"), ("abc",)) == b"[]"


def test_gitleaks_is_told_to_redact_and_to_listen_to_no_file_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, leaves_report(b"[]"))
    assert gitleaks.scan(program("gitleaks"), Path("/src/.git"), ("abc", "^def")) == b"[]"
    words, options = double.calls[0], double.options[0]
    folder = options["cwd"]
    assert words == (
        "/bin/gitleaks", "git", "--no-banner", "--log-level", "error", "--redact=100", "--exit-code", "0",
        "--report-format", "json", "--report-path", f"{folder}/report.json", "--config", f"{folder}/gitleaks.toml",
        "--gitleaks-ignore-path", f"{folder}/nothing-ignored", "--ignore-gitleaks-allow", LOG_OPTIONS, "--",
        f"{folder}/history",
    )  # fmt: skip
    assert options["timeout"] == 900.0
    assert options["environment"]["GIT_CONFIG_KEY_0"] == "safe.directory"
    assert not folder.exists()


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (ToolFailed("gitleaks ended with exit status 2", why="panic", fix="f"), "exit status 2. panic"),
        (ToolTimeout("gitleaks did not end within 900 seconds", fix="f"), "did not end within 900 seconds"),
        (ToolMissing("gitleaks cannot be started", fix="f"), "cannot be started"),
        (ended(), "No such file or directory"),
        (leaves_report(b"[]", stderr="ERR fatal: bad revision"), "ERR fatal: bad revision"),
    ],
    ids=["it fails", "it hangs", "it is not there", "it leaves no report", "git failed and gitleaks ended with 0"],
)
def test_a_scan_that_does_not_end_well_is_neither_a_finding_nor_a_pass(
    monkeypatch: pytest.MonkeyPatch, failure: object, why: str
) -> None:
    doubled(monkeypatch, failure)
    with pytest.raises(ScannerFailed, match="did not finish its work") as caught:
        gitleaks.scan(program("gitleaks"), Path("/src/.git"), ("abc",))
    assert why in caught.value.why
