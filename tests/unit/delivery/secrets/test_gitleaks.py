from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from goldenpath.delivery.model.finding import Finding, Gate, Location, Severity
from goldenpath.delivery.secrets import gitleaks, scan_batches
from goldenpath.delivery.secrets.canary import Canary
from goldenpath.delivery.secrets.gitleaks import Leak
from goldenpath.delivery.secrets.line_windows import LineWindow
from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus
from goldenpath.shared import process
from goldenpath.shared.errors import ScannerFailed, ToolFailed, ToolMissing, ToolTimeout
from tests.unit.hostile import recorded, reports
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.shared.process import Completed

FIELDS = ("RuleID", "Description", "StartLine", "File", "Commit", "Entropy")
UNKNOWN = "gitleaks did not finish its work; what it would have found is unknown, so nothing is released"


CANARY = Canary("ghp_canary", "~canary")
SEEN = {
    "RuleID": "github-pat", "Description": "d", "StartLine": 2, "File": "~canary", "Commit": "", "Entropy": 5.0,
}  # fmt: skip
# As the real one ends, with more than enough bytes looked at.
WELL = "6:52AM INF scanned ~100000 bytes (100.00 KB) in 66.8ms\n6:52AM WRN leaks found: 1\n"


def leaves_report(*listed: dict[str, object], stderr: str = WELL) -> Callable[..., Completed]:
    def act(*words: str) -> Completed:
        Path(words[words.index("--report-path") + 1]).write_text(json.dumps(listed))
        return ended(stderr=stderr)

    return act


def doubled(monkeypatch: pytest.MonkeyPatch, *answers: object) -> ProgramDouble:
    double = ProgramDouble([*answers])  # type: ignore[list-item]
    monkeypatch.setattr(process, "run", double)
    monkeypatch.setattr(gitleaks, "Canary", lambda: CANARY)
    return double


@pytest.fixture
def files(tmp_path: Path) -> ScanCorpus:
    return ScanCorpus(tmp_path)


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
        (b"", "Its report cannot be read: Input data was truncated"),
        (b"{}", "Its report cannot be read: Expected `array`, got `object`"),
        (b"null", "Its report cannot be read: Expected `array`, got `null`"),
        (b'[{"RuleID": "x"}]', "Its report cannot be read: Object missing required field `Description` - at `$[0]`"),
        (b'[{"Tags": ' + b"[" * 100_000, "Its report cannot be read: it is nested too deeply"),
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


def test_gitleaks_is_told_to_listen_to_no_file_of_the_app(monkeypatch: pytest.MonkeyPatch, files: ScanCorpus) -> None:
    double = doubled(monkeypatch, leaves_report(SEEN))
    assert gitleaks.scan_files(program("gitleaks"), files) == ((), ())
    words, options = double.calls[0], double.options[0]
    folder = Path(words[words.index("--config") + 1]).parent
    assert words == (
        "/bin/gitleaks", "dir", "--no-banner", "--no-color", "--log-level", "info", "--exit-code", "0",
        "--report-format", "json", "--report-path", f"{folder}/report.json", "--config", f"{folder}/gitleaks.toml",
        "--gitleaks-ignore-path", f"{folder}/nothing-ignored", "--ignore-gitleaks-allow",
        "--max-archive-depth=4", "--max-decode-depth=5", "--", ".",
    )  # fmt: skip
    assert (options["timeout"], options["cwd"]) == (900.0, files.packed.folder / "0")
    assert options["environment"]["GIT_CONFIG_GLOBAL"] == "/dev/null"
    assert not folder.exists()


def test_a_secret_is_planted_last_in_each_tar_and_is_not_among_what_is_found(
    monkeypatch: pytest.MonkeyPatch, files: ScanCorpus
) -> None:
    files.add(FileOrigin("b10b", "config.py"), [b"TOKEN\n"])
    files.close()
    planted = {**SEEN, "File": "000000.tar!~canary"}
    doubled(monkeypatch, leaves_report(SEEN, planted, {**SEEN, "File": "000000.tar!0000000-plain"}))
    (found,) = gitleaks.scan_files(program("gitleaks"), files)[0]
    assert found.File == "config.py"


def test_a_scan_that_does_not_see_the_secret_in_a_tar_did_not_look(
    monkeypatch: pytest.MonkeyPatch, files: ScanCorpus
) -> None:
    files.add(FileOrigin("b10b", "config.py"), [b"TOKEN\n"])
    files.close()
    doubled(monkeypatch, leaves_report(SEEN))
    with pytest.raises(ScannerFailed) as caught:
        gitleaks.scan_files(program("gitleaks"), files)
    assert caught.value.why == BLIND


def test_what_was_written_and_not_scanned_is_an_error_and_never_no_finding(
    monkeypatch: pytest.MonkeyPatch, files: ScanCorpus
) -> None:
    doubled(monkeypatch, leaves_report(SEEN), leaves_report(SEEN))
    files.packed.take()
    with pytest.raises(ScannerFailed, match="did not finish") as caught:
        gitleaks.scan_files(program("gitleaks"), files)
    assert caught.value.why == "It was not given every file that was written for it"
    files.add(FileOrigin("b10b", "config.py"), [b"TOKEN\n"])
    files.close()
    with pytest.raises(ScannerFailed, match="did not finish"):
        gitleaks.merge_reports([], files)


BLIND = "It did not report a secret that was planted to prove that it reads everything"


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (ToolFailed("gitleaks ended with exit status 2", why="panic", fix="f"), "exit status 2. panic"),
        (ToolTimeout("gitleaks did not end within 900 seconds", fix="f"), "did not end within 900 seconds"),
        (ToolMissing("gitleaks cannot be started", fix="f"), "cannot be started"),
        (ended(), "No such file or directory"),
        (leaves_report(SEEN, stderr="6:52AM ERR [git] fatal: bad revision"), "ERR [git] fatal: bad revision"),
        (leaves_report(SEEN, stderr="6:52AM WRN partial scan completed in 1s"), "WRN partial scan completed"),
        (leaves_report(), BLIND),
        (leaves_report({**SEEN, "File": "config.py"}), BLIND),
        (leaves_report({**SEEN, "RuleID": "generic-api-key"}), BLIND),
    ],
    ids=[
        "it fails", "it hangs", "it is not there", "it leaves no report", "git failed and gitleaks ended with 0",
        "it stopped half way", "it does not see the canary", "it sees another secret alone", "it guesses",
    ],
)  # fmt: skip
def test_a_scan_that_does_not_end_well_is_neither_a_finding_nor_a_pass(
    monkeypatch: pytest.MonkeyPatch, files: ScanCorpus, failure: object, why: str
) -> None:
    doubled(monkeypatch, failure)
    with pytest.raises(ScannerFailed, match="did not finish its work") as caught:
        gitleaks.scan_files(program("gitleaks"), files)
    assert why in caught.value.why


def leak(
    file: str = "config.py",
    commit: str = "c1",
    *,
    rule: str = "github-pat",
    entropy: float = 4.5,
    line: int = 2,
    mark: str = "4d4d",
) -> Leak:
    return Leak(rule, "A secret", line, file, commit, entropy, mark)


def test_one_secret_in_several_commits_and_lines_is_one_finding_where_it_first_is() -> None:
    (found,) = gitleaks.findings([leak(commit="c1", line=2), leak(commit="c2", line=9), leak(commit="", line=3)])
    assert found.location == Location("config.py", 2, "c1")
    (moved,) = gitleaks.findings([leak(commit="c9", line=77)])
    assert moved.fingerprint == found.fingerprint


@pytest.mark.parametrize(
    "other",
    [leak(file="other.py"), leak(rule="aws-access-token"), leak(entropy=4.25), leak(mark="5e5e"), leak(line=5)],
    ids=["another file", "another rule", "another entropy", "another mark", "another line of the same version"],
)
def test_two_secrets_are_two_findings(other: Leak) -> None:
    assert len({each.fingerprint for each in gitleaks.findings([leak(), other])}) == 2


def test_no_secret_is_kept_of_a_report_and_its_mark_is_short() -> None:
    (found,) = gitleaks.leaks(json.dumps([{**SEEN, "Secret": "ghp_secret", "Match": "ghp_secret"}]).encode())
    assert found == Leak("github-pat", "d", 2, "~canary", "", 5.0, found.Mark)
    assert "ghp_secret" not in repr(found)
    assert len(found.Mark) == 4


def test_go_mod_holds_no_hashes_and_is_no_lock_file() -> None:
    found = gitleaks.findings([leak(name, rule="generic-api-key") for name in ("go.mod", "go.sum")])
    assert [each.location.path for each in found] == ["go.mod"]


def test_in_a_lock_file_the_form_of_a_secret_counts_and_a_guess_does_not() -> None:
    lock, guess = "web/package-lock.json", "generic-api-key"
    found = gitleaks.findings([leak(lock), leak(lock, rule=guess), leak(rule=guess)])
    assert [(each.location.path, each.id) for each in found] == [(lock, "github-pat"), ("config.py", guess)]


def test_a_leak_of_a_plain_file_has_the_place_it_has_in_the_repository(files: ScanCorpus) -> None:
    files.add(FileOrigin("b10b", "a dir/a.txt"), [b"one\ntwo\n"])
    files.add(FileOrigin("b10c", "b.7z"), [b"7z\xbc\xaf\x27\x1c..."])
    files.close()
    found = gitleaks.with_repository_paths(
        [leak("0000000-archive.7z!in/ner.py"), leak("000000.tar!0000001-plain", line=3)], files
    )
    assert [(each.File, each.Commit, each.StartLine) for each in found] == [
        ("b.7z!in/ner.py", "b10c", 2), ("a dir/a.txt", "b10b", 2),
    ]  # fmt: skip


def test_a_leak_that_two_parts_of_a_file_share_is_one(files: ScanCorpus) -> None:
    files.add(FileOrigin("b10b", "long.txt"), [b"curl\n" * 24_000])
    one, other = "000000.tar!0000000-plain", "000000.tar!0000001-plain"
    leaks = [leak(one, line=18_001), leak(other, line=2_001), leak(other, line=2_002), leak(other, line=2_002)]
    found = gitleaks.with_repository_paths(leaks, files)
    assert [each.StartLine for each in found] == [18_000, 18_001, 18_001]


def test_a_leak_that_two_parts_in_one_member_share_is_one_and_two_in_a_line_are_two(files: ScanCorpus) -> None:
    files.add_lines(FileOrigin("b10b", "a.txt"), [LineWindow(3, b"x\n"), LineWindow(2, b"w\nx\n")])
    files.close()
    member = "000000.tar!0000000-plain"
    leaks = [leak(member, line=2), leak(member, line=2), leak(member, line=6), leak(member, line=5)]
    assert [each.StartLine for each in gitleaks.with_repository_paths(leaks, files)] == [3, 3, 2]


def test_a_leak_is_at_each_path_that_has_its_content(files: ScanCorpus) -> None:
    files.add(FileOrigin("b10b", "a.txt"), [b"x\n"], [FileOrigin("b10b", "b.txt", "c2")])
    files.close()
    assert [each.File for each in gitleaks.with_repository_paths([leak("000000.tar!0000000-plain")], files)] == [
        "a.txt",
        "b.txt",
    ]


def test_a_leak_of_a_file_that_gitleaks_was_not_given_is_an_error(files: ScanCorpus) -> None:
    with pytest.raises(ScannerFailed) as caught:
        list(gitleaks.with_repository_paths([leak("0000008-plain")], files))
    assert caught.value.why == "Its report names 0000008-plain, which it was not given"


def test_plain_files_are_scanned_with_archives_and_the_unreadable_are_named(
    monkeypatch: pytest.MonkeyPatch, files: ScanCorpus
) -> None:
    files.add(FileOrigin("b10c", "b.7z"), [b"7z\xbc\xaf\x27\x1c..."])
    said = WELL + "4:52AM ERR could not read compressed file path=0000000-archive.7z\n" * 2
    doubled(monkeypatch, leaves_report(SEEN, stderr=said))
    assert gitleaks.scan_files(program("gitleaks"), files) == ((), ("b.7z",))


@pytest.mark.parametrize("lacking", [0, 1])
def test_gitleaks_has_to_look_at_every_byte_it_is_given(
    monkeypatch: pytest.MonkeyPatch, files: ScanCorpus, lacking: int
) -> None:
    files.add(FileOrigin("b10b", "a.txt"), [b"x" * 20_000])
    files.close()
    given = files.packed.batch.size + 2 * len(scan_batches.FIRST_LINE + CANARY.encoded)
    said = f"6:52AM INF scanned ~{given - lacking} bytes (20.00 KB) in 6.8ms"
    doubled(monkeypatch, leaves_report(SEEN, {**SEEN, "File": "000000.tar!~canary"}, stderr=said))
    if not lacking:
        assert gitleaks.scan_files(program("gitleaks"), files) == ((), ())
        return
    with pytest.raises(ScannerFailed) as caught:
        gitleaks.scan_files(program("gitleaks"), files)
    assert caught.value.why == f"It scanned {given - lacking} of {given} bytes"


def test_anything_else_that_gitleaks_says_about_plain_files_is_an_error(
    monkeypatch: pytest.MonkeyPatch, files: ScanCorpus
) -> None:
    doubled(monkeypatch, leaves_report(SEEN, stderr="6:52AM WRN skipping file: permission denied path=0000006"))
    with pytest.raises(ScannerFailed, match="did not finish") as caught:
        gitleaks.scan_files(program("gitleaks"), files)
    assert caught.value.why == "6:52AM WRN skipping file: permission denied path=0000006"
