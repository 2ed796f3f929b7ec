"""The stand-ins for artifacts choose, place and number files as the real actions do (their READMEs and sources)."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING, Any

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
    return program("upload")


@pytest.fixture
def download(upload: ModuleType) -> ModuleType:
    """The program of the stand-in that brings what the other one kept."""
    assert upload
    return program("download")


def program(name: str) -> ModuleType:
    path = platform_copy.STAND_INS / f"{name}-artifact" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kept(upload: ModuleType, folder: Path, *names: str) -> list[str]:
    """Keep the folder `a` as an artifact of each of `names`, and return their ids."""
    assert [upload.main(name, "a/one.json", "error", folder / "artifacts") for name in names] == [0] * len(names)
    lines = (folder / "output").read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith("artifact-id=")][-len(names) :]


def below(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("patterns", "files"),
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
    upload: ModuleType, tmp_path: Path, patterns: str, files: set[str]
) -> None:
    assert upload.main("reports", patterns, "error", tmp_path / "artifacts") == 0
    assert below(tmp_path / "artifacts" / "reports") == files
    assert re.fullmatch(r"artifact-id=1001\nartifact-digest=[0-9a-f]{64}\n", (tmp_path / "output").read_text())


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


def test_overwriting_deletes_whoever_made_it_and_the_new_one_has_a_new_id(
    upload: ModuleType, download: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = kept(upload, tmp_path, "reports", "candidate")
    monkeypatch.setenv("OVERWRITE", "true")
    (second,) = kept(upload, tmp_path, "reports")
    assert len({first, other, second}) == 3
    assert download.main(tmp_path / "artifacts", tmp_path / "here", ids=first) == 1
    assert download.main(tmp_path / "artifacts", tmp_path / "here", ids=second) == 0


@pytest.mark.parametrize(
    ("asked", "files"),
    [
        ({"name": "one"}, {"one.json"}),
        ({"ids": "1001"}, {"one.json"}),
        ({"ids": "1001,1002"}, {"one/one.json", "two/one.json"}),
        ({"ids": " 1001, ,1002,"}, {"one/one.json", "two/one.json"}),
        ({"ids": "1001,1002", "merge": True}, {"one.json"}),
        ({"ids": "1001,0"}, {"one.json"}),
        ({"pattern": "t*"}, {"one.json"}),
        ({"pattern": "t*", "name": "one"}, {"one.json"}),
        ({}, {"one/one.json", "two/one.json"}),
    ],
    ids=["by name", "by id", "two ids", "spaces", "merged", "one that is not there", "one match", "a name", "nothing"],
)
def test_one_artifact_goes_straight_into_the_folder_and_several_into_one_each(
    upload: ModuleType, download: ModuleType, tmp_path: Path, asked: dict[str, Any], files: set[str]
) -> None:
    kept(upload, tmp_path, "one", "two")
    assert download.main(tmp_path / "artifacts", tmp_path / "here", **asked) == 0
    assert below(tmp_path / "here") == files


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"name": "three"}, "Artifact 'three' not found"),
        ({"ids": "1003"}, "None of the provided artifact IDs were found"),
        ({"ids": "none"}, "Invalid artifact ID: 'none'. Must be a number."),
        ({"ids": " , "}, "No valid artifact IDs provided in 'artifact-ids' input"),
        ({"ids": "1001", "name": "one"}, "Inputs 'name' and 'artifact-ids' cannot be used together."),
    ],
    ids=["name", "id", "no number", "no id", "both"],
)
def test_what_is_not_there_cannot_be_brought(
    upload: ModuleType,
    download: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    asked: dict[str, Any],
    told: str,
) -> None:
    kept(upload, tmp_path, "one", "two")
    assert download.main(tmp_path / "artifacts", tmp_path / "here", **asked) == 1
    assert f"::error::Unable to download artifact(s): {told}" in capsys.readouterr().out
    assert not (tmp_path / "here").exists()
