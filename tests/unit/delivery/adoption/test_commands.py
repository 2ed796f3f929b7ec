from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from goldenpath import cli
from goldenpath.shared.errors import BadInput, SourceUnusable


def test_one_dockerfile_of_a_monorepo_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    words = ["init", f"--source={tmp_path}", "--monorepo", "--dockerfile=Dockerfile"]
    error = CliRunner().invoke(cli.goldenpath, words).exception
    assert isinstance(error, BadInput)
    assert error.what == "--monorepo and --dockerfile cannot be combined."
    assert list(tmp_path.iterdir()) == []


def test_settle_wants_a_checkout(tmp_path: Path) -> None:
    words = ["settle", f"--source={tmp_path / 'missing'}", "--by=team-web", "--reason=revoked"]
    assert isinstance(CliRunner().invoke(cli.goldenpath, words).exception, SourceUnusable)
