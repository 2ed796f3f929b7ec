"""The real gitleaks, made blind: a scan that does not see what was planted for it is neither a finding nor a pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.tools import apps
from tests.tools.bypass import ALLOW_ALL

from goldenpath.delivery.secrets import gitleaks, scan_batches
from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus
from goldenpath.shared.errors import ScannerFailed
from goldenpath.shared.toolchain import Program, Toolchain

pytestmark = pytest.mark.tools

BLIND = "It did not report a secret that was planted to prove that it reads everything"
LESS = "It scanned "
MUTED = {
    "everything is let pass": ALLOW_ALL,
    "the rule is off": '[extend]\nuseDefault = true\ndisabledRules = ["github-pat"]\n',
    "the file is left out": "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['''canary''']\n",
    "there is no rule but one": "[[rules]]\nid = \"x\"\nregex = '''never found'''\n",
}


@pytest.fixture
def program() -> Program:
    return Toolchain.load().provide("gitleaks")


@pytest.fixture
def files(tmp_path: Path) -> ScanCorpus:
    (tmp_path / "files").mkdir()
    made = ScanCorpus(tmp_path / "files")
    made.add(FileOrigin("b10b", "config.py"), [f'TOKEN = "{apps.secret()}"\n'.encode()])
    made.close()
    return made


def test_what_was_planted_is_seen_and_is_no_finding(program: Program, files: ScanCorpus) -> None:
    found, unreadable = gitleaks.scan_files(program, files)
    assert ({(leak.File, leak.RuleID, leak.StartLine) for leak in found}, unreadable) == (
        {("config.py", "github-pat", 1)}, (),
    )  # fmt: skip


@pytest.mark.parametrize("rules", MUTED.values(), ids=MUTED)
def test_rules_that_let_it_pass_are_an_error(program: Program, files: ScanCorpus, rules: str) -> None:
    with pytest.raises(ScannerFailed, match="did not finish its work") as caught:
        gitleaks.scan_files(replace(program, rules=rules.encode()), files)
    assert caught.value.why == BLIND or caught.value.why.startswith(LESS)


def test_where_there_is_nothing_to_scan_what_was_planted_is_still_seen(program: Program, tmp_path: Path) -> None:
    assert gitleaks.scan_files(program, ScanCorpus(tmp_path / "nothing")) == ((), ())


def test_a_tar_that_is_damaged_is_an_error(program: Program, files: ScanCorpus) -> None:
    (tar,) = files.packed.tars
    tar.write_bytes(b"x" * 512 + tar.read_bytes()[512:])
    with pytest.raises(ScannerFailed, match="did not finish its work"):
        gitleaks.scan_files(program, files)


@pytest.mark.parametrize(("place", "magic"), [(257, b"ustar"), (128, b"DICM"), (32_769, b"CD001")])
def test_a_file_that_it_leaves_out_is_an_error(
    program: Program, tmp_path: Path, place: int, magic: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the file for a program, says nothing and ends with 0; but it also says how many bytes it looked at."""
    monkeypatch.setattr(scan_batches, "FIRST_LINE", b"\n")
    (tmp_path / "left-out").mkdir()
    files = ScanCorpus(tmp_path / "left-out")
    files.add(FileOrigin("b10b", "config.py"), [b"x" * (place - 1) + magic, apps.secret().encode(), b"\n" * 9_000])
    files.close()
    with pytest.raises(ScannerFailed) as caught:
        gitleaks.scan_files(program, files)
    assert caught.value.why.startswith(LESS)


def test_what_has_to_be_decoded_is_planted_encoded(
    program: Program, files: ScanCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = gitleaks.run

    def without_decoding(program: Program, command: str, target: Path, *more: str) -> tuple[bytes, tuple[str, ...]]:
        return run(program, command, target, *(word for word in more if "decode" not in word), "--max-decode-depth=0")

    monkeypatch.setattr(gitleaks, "run", without_decoding)
    with pytest.raises(ScannerFailed) as caught:
        gitleaks.scan_files(program, files)
    assert caught.value.why == BLIND
