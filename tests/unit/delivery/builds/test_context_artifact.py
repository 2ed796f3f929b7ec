"""What an earlier job built: which files of it are taken, and that they never replace another one."""

from __future__ import annotations

import os
import stat
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from goldenpath.delivery.builds import artifact_files as files
from goldenpath.delivery.builds import context_artifact
from goldenpath.delivery.model.candidate import ContextArtifact
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared import codec, git
from goldenpath.shared.errors import BadInput, CheckoutDiffers, ContextRefused
from goldenpath.shared.names import ArtifactId, ContentDigest, ContextFolder
from tests.unit import layout_builder, run_builder
from tests.unit.builders import report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.stage import Run

TREE = "".join(
    f"100644 blob {'0' * 40}\t{path}\0" for path in ("Dockerfile", ".gitmodules", "lib", "src/app.py", "docs/link")
)
FILE = stat.S_IFREG | 0o755
TODAY = date(2026, 11, 28)


def folder_of(folder: Path, contents: Mapping[str, bytes]) -> Path:
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


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
    return f"{caught.value.what} {caught.value.why}"


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


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose commit holds `TREE`."""
    root = folder_of(tmp_path / "app", {"Dockerfile": b"FROM scratch\n", "src/app.py": b"app\n"})
    (root / "lib").mkdir()
    (root / "docs").mkdir()
    (root / "docs/link").symlink_to("../src")
    monkeypatch.setattr(git, "run", lambda *_: str(root))
    monkeypatch.setattr(git, "output", lambda *_: TREE.encode())
    return root


def asked(repository: Path, contents: Mapping[str, bytes], folder: str = "", digest: str = "") -> Run:
    return run_builder.run(
        repository.parent,
        context_artifact=folder_of(repository.parent / "artifact", contents),
        context_artifact_folder=ContextFolder(folder) if folder else None,
        context_artifact_id=ArtifactId("77"),
        context_artifact_digest=ContentDigest(digest) if digest else None,
    )


def added(run: Run) -> list[str]:
    with context_artifact.opened(run) as addition:
        return [each.path for each in addition.files]


@pytest.mark.parametrize(
    ("path", "folder", "reason"),
    [
        ("Dockerfile", "", "must be in a commit"),
        ("app.py", "src", "The checkout has another file there"),
        ("src", "", "It is a folder in the commit"),
        ("a", "Dockerfile", "must be in a commit"),
        ("a", "src/app.py", "src/app.py is a file, a link or a submodule"),
        ("a.so", "lib", "lib is a file, a link or a submodule"),
        ("app.py", "docs/link", "docs/link is a file, a link or a submodule"),
        ("link", "docs", "The checkout has another file there"),
        ("x", ".github", "must be in a commit"),
        ("workflows/x.yml", "a/.git", "must be in a commit"),
    ],
)
def test_an_artifact_replaces_nothing_of_the_commit(repository: Path, path: str, folder: str, reason: str) -> None:
    with pytest.raises(ContextRefused) as caught:
        added(asked(repository, {path: b"evil"}, folder))
    assert reason in caught.value.why


def test_a_file_of_the_commit_that_is_not_checked_out_is_not_replaced_either(repository: Path) -> None:
    (repository / "src/app.py").unlink()
    with pytest.raises(ContextRefused, match="replaces none"):
        added(asked(repository, {"src/app.py": b"evil"}))


def test_what_the_commit_has_too_is_not_the_artifacts(repository: Path) -> None:
    assert added(asked(repository, {"src/app.py": b"app\n", "src/new.py": b""})) == ["src/new.py"]


def test_a_file_that_lies_in_the_checkout_already_is_added_when_it_is_the_same(repository: Path) -> None:
    folder_of(repository, {"target/app.jar": b"x"})
    assert added(asked(repository, {"app.jar": b"x"}, "target")) == ["target/app.jar"]
    with pytest.raises(ContextRefused, match="another file there"):
        added(asked(repository, {"app.jar": b"y"}, "target"))


def test_a_link_of_a_terminals_user_is_not_followed(repository: Path) -> None:
    (repository / "target").symlink_to(repository / "src")
    with pytest.raises(ContextRefused, match="target is a file, a link"):
        added(asked(repository, {"app.jar": b"x"}, "target"))


def test_paths_are_those_of_the_repository_below_the_build_context(repository: Path) -> None:
    run = asked(repository, {"app.jar": b"x"}, "./target/")
    nested = run_builder.run(
        repository.parent, build_context=repository / "src", context_artifact=run.request.context_artifact
    )
    assert (added(run), added(nested)) == (["target/app.jar"], ["src/app.jar"])
    outside = run_builder.run(
        repository.parent, build_context=repository.parent, context_artifact=run.request.context_artifact
    )
    with pytest.raises(BadInput, match="outside of the checkout"):
        added(outside)


def test_the_record_says_what_no_commit_holds(repository: Path) -> None:
    with context_artifact.opened(asked(repository, {"app.jar": b"xyz"}, "target")) as addition:
        assert addition.record == ContextArtifact(addition.digest, 1, 3, ArtifactId("77"))
        assert addition.record.sentence == f"1 file of the artifact 77 ({addition.digest}), which no commit holds"
        with context_artifact.opened(asked(repository, {"app.jar": b"xyz"})) as elsewhere:
            assert elsewhere.digest != addition.digest


@pytest.mark.parametrize("scanned", ["none", "sha256:" + "0" * 64])
def test_only_what_the_gate_scanned_is_built(repository: Path, scanned: str) -> None:
    with pytest.raises(CheckoutDiffers, match="not the one that gitleaks-gate scanned"):
        added(asked(repository, {"app.jar": b"x"}, digest=scanned))
    with context_artifact.opened(asked(repository, {"app.jar": b"x"})) as addition:
        assert added(asked(repository, {"app.jar": b"x"}, digest=addition.digest)) == ["app.jar"]


def test_platforms_that_were_built_with_another_artifact_are_not_joined(repository: Path) -> None:
    with context_artifact.opened(asked(repository, {"app.jar": b"x"})) as addition:
        addition.require_same(addition.record, "linux-arm64")
        with pytest.raises(CheckoutDiffers, match="linux-arm64 was built with another artifact"):
            addition.require_same(None, "linux-arm64")


def test_an_artifact_that_the_gate_scanned_and_the_build_lacks_is_refused(tmp_path: Path) -> None:
    assert added(run_builder.run(tmp_path, context_artifact_digest=ContentDigest("none"))) == []
    with pytest.raises(CheckoutDiffers):
        added(run_builder.run(tmp_path, context_artifact_digest=ContentDigest("sha256:" + "0" * 64)))


@pytest.mark.parametrize(
    "given", [{"context_artifact_folder": ContextFolder("target")}, {"context_artifact_id": ArtifactId("7")}]
)
def test_a_folder_for_no_artifact_is_a_mistake(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="see that this job ran and sets it"):
        added(run_builder.run(tmp_path, **given))


def test_an_artifact_that_an_ignore_file_keeps_out_is_told(repository: Path) -> None:
    folder_of(repository, {".dockerignore": b"target\n"})
    run = asked(repository, {"app.jar": b"x"}, "target")
    with (
        context_artifact.opened(run) as addition,
        pytest.raises(ContextRefused, match=r"reaches the build: target/app\.jar\."),
    ):
        context_artifact.require_sent(run, addition)
    folder_of(repository, {".dockerignore": b"target\n!target/app.jar\n"})
    context_artifact.require_sent(run, addition)


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize(
    ("scanned", "built", "is_released"),
    [("", "", True), ("sha256:" + "0" * 64, "sha256:" + "0" * 64, True), ("", "sha256:" + "0" * 64, False),
     ("sha256:" + "0" * 64, "", False), ("sha256:" + "0" * 64, "sha256:" + "1" * 64, False)],
)  # fmt: skip
def test_what_was_built_with_another_artifact_than_was_scanned_is_not_released(
    tmp_path: Path, environment: str, scanned: str, built: str, is_released: bool
) -> None:
    run = run_builder.run(tmp_path, environment)
    built_from = replace(
        run_builder.candidate(layout_builder.layout(tmp_path / "layout")),
        checkout="c",
        context_artifact=ContextArtifact(ContentDigest(built), 1, 1) if built else None,
    )
    seen = {"checkout": "c"} | ({"context_artifact": scanned} if scanned else {})
    decided = decide(replace(report(gate=Gate.GITLEAKS), seen=seen), run.policy, run.environment, today=TODAY)
    codec.write(run.work.verdict(Gate.GITLEAKS), decided.verdict)
    if is_released:
        ecr_push.require_same_files(run, built_from)
        return
    with pytest.raises(CheckoutDiffers, match="with other content of an earlier job than gitleaks scanned"):
        ecr_push.require_same_files(run, built_from)
