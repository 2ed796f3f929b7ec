"""An app that an earlier job built: its files are scanned, are in the image, and are gone from the checkout."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.model.finding import Gate, Location
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Ended
    from tests.tools.conftest import Inside

pytestmark = pytest.mark.tools

DOCKERFILE = "FROM scratch\nCOPY rootfs /\nCOPY target/*.jar /app/\n"


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """What a job built and uploaded: a jar, and one more file."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "app.jar").write_bytes(b"a jar")
    (folder / "app.txt").write_bytes(b"")
    return folder


def stage(inside: Inside, name: str, app: App, work: WorkFolder, artifact: Path, *words: str) -> Ended:
    where = ("--environment=prod", f"--source={app.folder}", f"--work-dir={work.path}")
    return inside(name, *where, f"--context-artifact={artifact}", "--context-artifact-folder=target", *words)


def files_of(work: WorkFolder) -> dict[str, tuple[int, bytes]]:
    """Return mode and content of each file in the image."""
    layout = Layout(work.layout)
    found: dict[str, tuple[int, bytes]] = {}
    for layer in layout.images()[0].manifest.layers:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layout.blob(layer.digest).read_bytes()))) as archive:
            for member in archive:
                content = archive.extractfile(member)
                found |= {member.name: (member.mode, content.read())} if content else {}
    return found


def test_what_an_earlier_job_built_is_in_the_image_and_in_the_records(
    inside: Inside, app: App, work: WorkFolder, artifact: Path, tmp_path: Path
) -> None:
    app.write("Dockerfile", DOCKERFILE).save()
    stage(inside, "gitleaks-gate", app, work, artifact, "--context-artifact-id=77").ok()
    verdict = work.read_verdict(Gate.GITLEAKS)
    digest = verdict.seen["context_artifact"]
    said = f"2 files of the artifact 77 ({digest}), which no commit holds"
    assert f"The build context has {said}; they were scanned as the source is." in verdict.notes
    scanned = f"--context-artifact-digest={digest}"
    built = stage(inside, "build", app, work, artifact, scanned, "--context-artifact-id=77").ok()
    assert f", with {said}" in built.text
    record = json.loads(work.candidate.read_text())["context_artifact"]
    assert record == {"digest": digest, "files": 2, "size": 5, "id": "77"}
    assert files_of(work)["app/app.jar"] == (0o644, b"a jar")
    assert "app/app.txt" not in files_of(work)
    assert git.run(app.folder, "status", "--porcelain", "--ignored") == ""
    packed = shutil.make_archive(str(tmp_path / "artifact"), "zip", artifact)
    again = WorkFolder(tmp_path / "again")
    stage(inside, "build", app, again, tmp_path / packed, scanned).ok()
    assert again.read_candidate().digest == work.read_candidate().digest


def test_a_secret_in_it_is_in_no_commit_and_is_told_by_its_path(
    inside: Inside, app: App, work: WorkFolder, artifact: Path
) -> None:
    (artifact / "app.env").write_text(f"TOKEN={apps.secret()}\n")
    (artifact / apps.secret()).write_text("a secret in a name\n")
    assert stage(inside, "gitleaks-gate", app, work, artifact).code == 10
    findings = {each.location.path: each for each in work.read_findings(Gate.GITLEAKS).findings}
    assert set(findings) == {"target/app.env", "names of files"}
    assert findings["target/app.env"].location == Location("target/app.env", 1, "")
    assert findings["target/app.env"].remedy == (
        "Revoke this secret first, then keep it out of what the earlier job uploads."
    )


def test_an_artifact_that_replaces_a_file_of_the_commit_is_neither_scanned_nor_built(
    inside: Inside, app: App, work: WorkFolder, artifact: Path
) -> None:
    app.write("target/app.jar", "committed\n").save()
    for name in ("gitleaks-gate", "build"):
        ended = stage(inside, name, app, work, artifact)
        assert (ended.code, ended.error["code"]) == (26, "context-refused")
        assert ended.error["what"] == "The artifact holds 'target/app.jar', which cannot be in the context"
    assert (app.folder / "target/app.jar").read_text() == "committed\n"
    assert not work.candidate.exists()
