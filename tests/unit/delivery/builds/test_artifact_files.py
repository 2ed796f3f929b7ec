"""The files of an artifact: which are refused, and how they are placed into a build context."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from goldenpath.delivery.builds import artifact_files as files
from goldenpath.shared.errors import ContextRefused
from tests.unit.delivery.builds.test_context_artifact import folder_of

FILE = stat.S_IFREG | 0o755


def zip_of(path: Path, *members: tuple[str, bytes], mode: int = FILE) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return path


def taken(artifact: Path) -> dict[str, bytes]:
    with files.opened(artifact) as found:
        return {each.path: b"".join(each.content()) for each in found}


def why(artifact: Path) -> str:
    with pytest.raises(ContextRefused) as caught, files.opened(artifact):
        raise AssertionError("it was taken")
    assert caught.value.fix
    return f"{caught.value.what}. {caught.value.why}."


def test_a_folder_and_a_zip_file_of_it_are_the_same(tmp_path: Path) -> None:
    contents = {"app.jar": b"a jar", "lib/a b.so": b"\0", "ünicode.txt": b""}
    folder = folder_of(tmp_path / "folder", contents)
    packed = zip_of(tmp_path / "a.zip", *contents.items(), ("empty/", b""))
    assert taken(folder) == taken(packed) == contents
    with files.opened(folder) as one, files.opened(packed) as other:
        assert files.digest(one) == files.digest(other)


@pytest.mark.parametrize(
    "name",
    [
        "../app.jar", "a/../../app.jar", "/etc/passwd", "a//b", "./a", "a/.", "a\\b", "a\nb", "a\u202eb", "a\0b",
        "x" * 256, "/".join("x" * 1200), "a/" * 101 + "b",
    ],
)  # fmt: skip
def test_a_member_whose_name_leads_elsewhere_or_hides_something_is_refused(tmp_path: Path, name: str) -> None:
    assert "which cannot be in the context. Its name " in why(zip_of(tmp_path / "a.zip", (name, b"x")))


@pytest.mark.parametrize(
    "name",
    [
        ".git/config", "deep/.git/hooks/post-checkout", ".GIT/config", ".git", ".github/workflows/x.yml",
        ".gitattributes", ".gitmodules", ".goldenpath.yml", ".goldenpath-settled.yml", "a/.gitleaks.toml",
        ".gitleaksignore", ".trivyignore", ".trivyignore.yaml", ".dockerignore", "Dockerfile.dockerignore",
        "Dockerfile", "a/dockerfile", "Dockerfile.prod", "web.Dockerfile", "Containerfile", "action.yml", "action.yaml",
    ],
)  # fmt: skip
def test_files_that_decide_how_an_image_is_built_or_judged_are_refused(tmp_path: Path, name: str) -> None:
    assert "must be in a commit" in why(folder_of(tmp_path / "a", {name: b"x"}))


@pytest.mark.parametrize(
    "name", ["git", "a.git", ".gitignore", ".gitkeep", "Dockerfiles.md", "i18n/action.yml", "x.github"]
)
def test_other_names_are_taken(tmp_path: Path, name: str) -> None:
    assert list(taken(folder_of(tmp_path / "a", {name: b"x"}))) == [name]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_member_that_is_no_plain_file_is_refused(tmp_path: Path, kind: int) -> None:
    packed = zip_of(tmp_path / "a.zip", ("link", b"/etc/passwd"), mode=kind | 0o777)
    assert "It is a link or a device" in why(packed)


def test_a_link_or_a_device_in_a_folder_is_refused_and_not_followed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {"app.jar": b"x"})
    (folder / "etc").symlink_to("/etc")
    assert "'etc'" in why(folder)
    (folder / "etc").unlink()
    os.mkfifo(folder / "pipe")
    assert "'pipe'" in why(folder)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {"app.jar": b"x"})
    (folder / os.fsdecode(b"caf\xe9")).touch()
    assert "bytes that are not UTF-8" in why(folder)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_what_is_there_twice_is_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    packed = zip_of(tmp_path / "a.zip", *((name, name.encode()) for name in names))
    assert "twice, or as a file and as a folder" in why(packed)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    packed = zip_of(tmp_path / "a.zip", ("a", b"one and two"))
    whole = packed.read_bytes()
    packed.write_bytes(whole.replace(b"one and two", b"one and 2!!"))
    assert "cannot be read as a zip file" in why(packed)
    packed.write_bytes(whole.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"))
    assert "It is encrypted" in why(packed)


@pytest.mark.parametrize("content", [None, b"", b"not a zip file"])
def test_what_is_no_folder_and_no_zip_file_was_not_downloaded(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "artifact"
    if content is not None:
        path.write_bytes(content)
    assert why(path).startswith(f"There is no folder and no zip file at {path}.")


def test_an_artifact_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert "holds no file" in why(tmp_path / "a")


def test_more_or_larger_files_than_a_scan_can_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {"a": b"12", "b": b"34"}
    folder, packed = folder_of(tmp_path / "a", contents), zip_of(tmp_path / "a.zip", *contents.items())
    for limit, value in (("FILES_AT_MOST", 1), ("BYTES_AT_MOST", 3)):
        with monkeypatch.context() as limited:
            limited.setattr(files, limit, value)
            assert "too large for a build context" in why(folder)
            assert "too large for a build context" in why(packed)


def test_files_lie_in_the_context_as_long_as_it_is_built_and_no_longer(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "app", {"target/old.txt": b"old", "target/same.jar": b"same"})
    artifact = folder_of(tmp_path / "a", {"target/new/app.jar": b"x", "target/same.jar": b"same"})
    (artifact / "target/new/app.jar").chmod(0o777)
    with files.opened(artifact) as found, files.placed(found, root):
        assert (root / "target/new/app.jar").read_bytes() == b"x"
        assert stat.S_IMODE((root / "target/new/app.jar").stat().st_mode) == 0o644
    assert sorted(each.name for each in root.rglob("*")) == ["old.txt", "same.jar", "target"]


def test_what_could_be_placed_is_taken_away_when_the_rest_could_not(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "app", {"b": b"another"})
    artifact = folder_of(tmp_path / "a", {"a/a": b"x", "b": b"x"})
    with files.opened(artifact) as found, pytest.raises(FileExistsError), files.placed(found, root):
        raise AssertionError("it was built")
    assert [each.name for each in root.iterdir()] == ["b"]
    assert (root / "b").read_bytes() == b"another"


def test_a_file_that_changes_while_it_is_copied_is_not_built(tmp_path: Path) -> None:
    artifact = folder_of(tmp_path / "a", {"app.jar": b"x"})
    (tmp_path / "app").mkdir()
    with files.opened(artifact) as found:
        (artifact / "app.jar").write_bytes(b"y")
        with pytest.raises(ContextRefused, match="changed while"), files.placed(found, tmp_path / "app"):
            raise AssertionError("it was built")
