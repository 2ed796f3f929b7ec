"""The sample app as a repository of its own: the same files are the same commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.local.demo import sample
from goldenpath.shared import git

pytestmark = pytest.mark.tools
ORIGIN = "https://github.com/local/hello.git"


def test_the_same_files_are_the_same_commit_whatever_lies_in_the_folder(tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "__pycache__").mkdir(parents=True)
    (app / "main.py").write_text("print(1)\n")
    first = git.head(sample.repository(app, tmp_path / "first", ORIGIN))
    (app / "__pycache__" / "main.pyc").write_bytes(b"\0")
    second = sample.repository(app, tmp_path / "second", ORIGIN)
    (second / "stray").write_text("left over\n")
    again = sample.repository(app, tmp_path / "second", ORIGIN)
    assert git.head(again) == first
    assert not (again / "stray").exists()


def test_a_changed_file_is_another_commit(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "main.py").write_text("print(1)\n")
    folder = sample.repository(app, tmp_path / "copy", ORIGIN)
    first = git.head(folder)
    (folder / "main.py").write_text("print(2)\n")
    sample.commit(folder, "Another number")
    assert git.head(folder) != first
