from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from goldenpath import cli
from goldenpath.delivery.adoption import checkout, commands
from goldenpath.delivery.adoption.checkout import GitCheckout
from goldenpath.shared import check_result, output
from goldenpath.shared.errors import BadInput, SetupIncomplete, SourceUnusable


def test_what_is_about_one_image_of_a_monorepo_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    words = ["init", f"--source={tmp_path}", "--monorepo", "--dockerfile=Dockerfile"]
    error = CliRunner().invoke(cli.goldenpath, words).exception
    assert isinstance(error, BadInput)
    assert error.what == "--monorepo and --dockerfile cannot be combined"
    assert list(tmp_path.iterdir()) == []


def test_settle_wants_a_checkout(tmp_path: Path) -> None:
    words = ["settle", f"--source={tmp_path / 'missing'}", "--by=team-web", "--reason=revoked"]
    assert isinstance(CliRunner().invoke(cli.goldenpath, words).exception, SourceUnusable)


def test_checks_that_fail_end_the_command_with_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = GitCheckout(tmp_path, "team/web", "main", shallow=False, dockerfiles=())
    monkeypatch.setattr(checkout, "read", lambda _: read)
    done = CliRunner().invoke(cli.goldenpath, ["doctor", f"--source={tmp_path}", "--offline"])
    assert isinstance(done.exception, SetupIncomplete)
    assert done.exception.what.endswith("checks failed")


def test_quiet_leaves_the_checks_that_failed_and_a_document_has_all(capsys: pytest.CaptureFixture[str]) -> None:
    remarks = (
        check_result.good("a", "fine"),
        check_result.left_out("b", "not looked at", "do this"),
        check_result.warning("c", "odd", "do that"),
        check_result.error("d", "wrong", "fix it"),
    )
    with output.chosen(quiet=True), pytest.raises(SetupIncomplete) as caught:
        commands.report(remarks, strict=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [["!", "c"], ["do:", "do"], ["✗", "d"], ["do:", "fix"]]
    assert caught.value.result == [
        {"level": "good", "about": "a", "what": "fine", "fix": ""},
        {"level": "left_out", "about": "b", "what": "not looked at", "fix": "do this"},
        {"level": "warning", "about": "c", "what": "odd", "fix": "do that"},
        {"level": "error", "about": "d", "what": "wrong", "fix": "fix it"},
    ]
