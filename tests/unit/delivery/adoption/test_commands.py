from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from goldenpath import cli
from goldenpath.delivery.adoption import checkout
from goldenpath.delivery.adoption.checkout import GitCheckout
from goldenpath.shared.errors import BadInput, SetupIncomplete, SourceUnusable


@pytest.mark.parametrize("option", ["--dockerfile=Dockerfile", "--notify"])
def test_what_is_about_one_image_of_a_monorepo_is_refused_and_nothing_is_written(tmp_path: Path, option: str) -> None:
    error = CliRunner().invoke(cli.goldenpath, ["init", f"--source={tmp_path}", "--monorepo", option]).exception
    assert isinstance(error, BadInput)
    assert error.what == f"--monorepo and {option.partition('=')[0]} cannot be combined."
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
    assert done.exception.what.endswith("checks failed.")
