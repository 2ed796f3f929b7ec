from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from goldenpath.errors import ScannerFailed, ToolFailed, ToolMissing, ToolTimeout
from goldenpath.model.finding import Finding, Gate, Location, Severity
from goldenpath.tools import gitleaks, process
from goldenpath.tools.gitleaks import Leak
from goldenpath.tools.plain_files import Origin, PlainFiles
from tests.unit.hostile import recorded, reports
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.tools.process import Completed

FIELDS = ("RuleID", "Description", "StartLine", "File", "Commit", "Entropy")
UNKNOWN = "gitleaks did not finish its work; what it would have found is unknown, so nothing is released"
# Each blind spot of `git log -p` was tried with a planted token; without its word the token is not seen.
LOG_OPTIONS = (
    "--log-opts=--full-history --diff-merges=first-parent --text --no-textconv --no-ext-diff --no-renames abc ^def"
)


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


def test_the_order_that_gitleaks_reports_in_does_not_matter() -> None:
    leaks = json.loads(recorded("gitleaks/secrets.json"))
    orders = [json.dumps(order).encode() for order in (leaks, leaks[::-1], leaks[1:] + leaks[:1])]
    assert len({gitleaks.parse(order) for order in orders}) == 1


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


def test_gitleaks_is_told_to_redact_and_to_listen_to_no_file_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    double = doubled(monkeypatch, leaves_report(b"[]"))
    assert gitleaks.scan(program("gitleaks"), Path("/history"), ("abc", "^def")) == b"[]"
    words, options = double.calls[0], double.options[0]
    folder = options["cwd"]
    assert words == (
        "/bin/gitleaks", "git", "--no-banner", "--no-color", "--log-level", "error", "--redact=100", "--exit-code", "0",
        "--report-format", "json", "--report-path", f"{folder}/report.json", "--config", f"{folder}/gitleaks.toml",
        "--gitleaks-ignore-path", f"{folder}/nothing-ignored", "--ignore-gitleaks-allow", LOG_OPTIONS, "--", "/history",
    )  # fmt: skip
    assert options["timeout"] == 900.0
    assert options["environment"]["GIT_NO_REPLACE_OBJECTS"] == "1"
    assert options["environment"]["GIT_CONFIG_GLOBAL"] == "/dev/null"
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


def leak(
    file: str = "config.py", commit: str = "c1", *, rule: str = "github-pat", entropy: float = 4.5, line: int = 2
) -> Leak:
    return Leak(rule, "A secret", line, file, commit, entropy)


def test_one_secret_in_several_commits_and_lines_is_one_finding_where_it_first_is() -> None:
    (found,) = gitleaks.findings([leak(commit="c1", line=2), leak(commit="c2", line=9), leak(commit="", line=3)])
    assert found.location == Location("config.py", 2, "c1")
    (moved,) = gitleaks.findings([leak(commit="c9", line=77)])
    assert moved.fingerprint == found.fingerprint


@pytest.mark.parametrize(
    "other",
    [leak(file="other.py"), leak(rule="aws-access-token"), leak(entropy=4.25), leak(line=5)],
    ids=["another file", "another rule", "another entropy", "another line of the same version"],
)
def test_two_secrets_are_two_findings(other: Leak) -> None:
    assert len({each.fingerprint for each in gitleaks.findings([leak(), other])}) == 2


def test_a_leak_of_a_plain_file_has_the_path_it_has_in_the_repository() -> None:
    files = PlainFiles(Path("/files"), {"0000007": Origin("b10b", "a dir/a.zip")})
    (plain,) = gitleaks.placed([leak("/files/0000007.txt", "", line=4)], files)
    assert (plain.File, plain.Commit, plain.StartLine) == ("a dir/a.zip", "b10b", 3)
    (inner,) = gitleaks.placed([leak("/files/0000007.7z!in/ner.py", "")], files)
    assert inner.File == "a dir/a.zip!in/ner.py"


def test_a_leak_of_a_file_that_gitleaks_was_not_given_is_an_error() -> None:
    with pytest.raises(ScannerFailed) as caught:
        list(gitleaks.placed([leak("/files/0000008")], PlainFiles(Path("/files"))))
    assert caught.value.why == "its report names /files/0000008, which it was not given"


def test_in_a_lock_file_the_form_of_a_secret_counts_and_a_guess_does_not() -> None:
    files = PlainFiles(Path("/f"), {"0": Origin("b10b", "web/package-lock.json"), "1": Origin("b10c", "config.py")})
    guess = "generic-api-key"
    found = gitleaks.placed([leak("/f/0"), leak("/f/0", rule=guess), leak("/f/1", rule=guess)], files)
    assert [(each.File, each.RuleID) for each in found] == [
        ("web/package-lock.json", "github-pat"), ("config.py", guess),
    ]  # fmt: skip


def test_plain_files_are_scanned_with_archives_and_the_unreadable_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "4:52AM ERR could not read compressed file path=/files/0000006.7z\n" * 2
    double = doubled(monkeypatch, leaves_report(b"[]", stderr=said))
    assert gitleaks.scan_files(program("gitleaks"), Path("/files")) == (b"[]", ("0000006",))
    assert double.calls[0][1] == "dir"
    assert double.calls[0][-3:] == ("--max-archive-depth=4", "--", "/files")


def test_anything_else_that_gitleaks_says_about_plain_files_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled(monkeypatch, leaves_report(b"[]", stderr="ERR permission denied path=/files/0000006"))
    with pytest.raises(ScannerFailed, match="did not finish") as caught:
        gitleaks.scan_files(program("gitleaks"), Path("/files"))
    assert caught.value.why == "ERR permission denied path=/files/0000006"
