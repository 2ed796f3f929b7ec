"""What an earlier job built: which files of it are taken, and that they never replace another one."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

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
