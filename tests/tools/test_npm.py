"""npm packages of the tests are installed by hash, once, whoever asks at the same time, and whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests import npm
from tests.judges import judge
from tests.tools.command import ROOT

pytestmark = pytest.mark.tools

SECONDS = 120
LISTS = [path.parent for path in sorted(ROOT.glob("tests/*/package-lock.json"))]


@pytest.mark.parametrize("folder", LISTS, ids=lambda folder: folder.name)
def test_every_package_has_a_hash_and_none_the_place_that_it_came_from(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    installed = {name: each for name, each in packages.items() if name}
    assert [name for name, each in installed.items() if not each["integrity"].startswith("sha512-")] == []
    assert [name for name, each in installed.items() if "resolved" in each] == []


def test_two_that_ask_at_once_get_one_file_that_one_of_them_made(tmp_path: Path) -> None:
    variables = {**os.environ, "GOLDENPATH_CACHE": str(tmp_path), "PYTHONPATH": "src:."}
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.judges.judge"], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [each.communicate(timeout=SECONDS)[0] for each in both]
    assert sorted("fetching" in text for text in said) == [False, True]
    assert sorted(path.suffix for path in (tmp_path / "npm").iterdir()) == ["", ".lock"]


def test_a_package_with_another_hash_is_refused_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [Path(shutil.copy(source, tmp_path)) for source in judge.SOURCES]
    lock = tmp_path / "package-lock.json"
    packages = json.loads(lock.read_text())
    packages["packages"]["node_modules/@actions/expressions"]["integrity"] = "sha512-" + "A" * 86 + "=="
    lock.write_text(json.dumps(packages))
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(RuntimeError, match="EINTEGRITY"):
        npm.kept("judges", sources, lambda folder: folder)
    assert [path.suffix for path in (tmp_path / "cache" / "npm").iterdir()] == [".lock"]
