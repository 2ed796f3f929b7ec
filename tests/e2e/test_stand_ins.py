"""The stand-in for upload-artifact chooses and places files as the real one does (its README, "Examples")."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from tests.e2e import platform_copy

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program of the stand-in, in a folder with some files."""
    for name in (
        "a/one.json",
        "a/two.sarif",
        "a/deep/three.json",
        "a/deep/four.txt",
        "b/five.json",
        "a/.hidden/six.json",
    ):
        (tmp_path / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / name).write_text(name)
    (tmp_path / "artifacts").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    spec = importlib.util.spec_from_file_location("upload", platform_copy.STAND_INS / "upload-artifact" / "upload.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ("a/one.json", {"one.json"}),
        ("a", {"one.json", "two.sarif", "deep/three.json", "deep/four.txt"}),
        ("a/*.json\na/*.sarif", {"one.json", "two.sarif"}),
        ("a/*.json\nb/*.json", {"a/one.json", "b/five.json"}),
        ("a/deep\na", {"one.json", "two.sarif", "deep/three.json", "deep/four.txt"}),
        ("a/**/*.json\n!a/deep/*", {"one.json"}),
        ("a/d*/three.json", {"deep/three.json"}),
    ],
)
def test_files_lie_below_the_common_ancestor_of_all_patterns(
    upload: ModuleType, tmp_path: Path, patterns: str, kept: set[str]
) -> None:
    assert upload.main("reports", patterns, "error", tmp_path / "artifacts") == 0
    artifact = tmp_path / "artifacts" / "reports"
    assert {str(file.relative_to(artifact)) for file in artifact.rglob("*") if file.is_file()} == kept
    assert (tmp_path / "output").read_text() == "artifact-id=1\n"


@pytest.mark.parametrize(("nothing_found", "code"), [("error", 1), ("warn", 0), ("ignore", 0)])
def test_nothing_found_is_what_was_asked_for_and_has_no_id(
    upload: ModuleType, tmp_path: Path, nothing_found: str, code: int
) -> None:
    assert upload.main("reports", "a/*.xml", nothing_found, tmp_path / "artifacts") == code
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("name", ["reports", "team/reports"])
def test_a_name_that_is_taken_or_not_valid_is_refused(upload: ModuleType, tmp_path: Path, name: str) -> None:
    (tmp_path / "artifacts" / "reports").mkdir()
    assert upload.main(name, "a", "error", tmp_path / "artifacts") == 1
