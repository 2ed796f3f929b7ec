"""Hole 1, its brothers: platforms, findings, receipts, and what pages and comments are made of."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.checkout import checkout
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.receipt import Receipt, State, TagMove
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import codec
from goldenpath.shared.errors import EvidenceMismatch
from goldenpath.shared.names import Commit, Digest, EnvironmentName, ImageRepository, Tag
from tests.attacks import hand_over
from tests.attacks.attack import Patch, attack
from tests.attacks.hole_01_evidence import CONTENT, OTHER_BYTES
from tests.doubles.github.shapes import Place
from tests.tools import command
from tests.unit import run_builder
from tests.unit.layout_builder import AMD64, ARM64, layout

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.layout import PlatformFields
    from goldenpath.local.github.code_scanning import SarifUpload
    from tests.attacks.attack import Scene

EVIL = ImageRepository("123456789012.dkr.ecr.eu-west-2.amazonaws.com/evil")


@attack(1, EvidenceMismatch, f"trivy.sarif {OTHER_BYTES}", CONTENT)
def findings_that_no_scanner_made_reach_code_scanning(scene: Scene) -> None:
    """An empty run of another tool closes the alerts that it had opened."""
    handed_over = hand_over.made(scene)
    codec.write(handed_over.work.sarif(Gate.TRIVY), hand_over.sarif("CodeQL"))
    uploads = len(scene.fixture("emulator").uploads())
    handed_over.run("sarif-upload")
    assert [_tool(each) for each in scene.fixture("emulator").uploads()[uploads:]][-1] == "CodeQL"


@attack(1, EvidenceMismatch, f"trivy.sarif {OTHER_BYTES}", CONTENT)
def findings_of_a_re_scan_are_replaced(scene: Scene) -> None:
    handed_over = hand_over.made(scene)
    rescanned = {"GOLDENPATH_EVIDENCE": handed_over.work.left_by("trivy-gate").line}
    for file in handed_over.work.path.glob("gitleaks*"):
        file.unlink()
    codec.write(handed_over.work.sarif(Gate.TRIVY), hand_over.sarif("trivy-of-nobody"))
    handed_over.run("sarif-upload", more=rescanned)
    assert _tool(scene.fixture("emulator").uploads()[-1]) == "trivy-of-nobody"


def _tool(upload: SarifUpload) -> object:
    """Return the name of the tool in the only run of an upload."""
    (run,) = upload.sarif["runs"]
    return run["tool"]["driver"]["name"]


def forged_receipt(work: WorkFolder, commit: str) -> Digest:
    """Write that another image was released, and return its digest."""
    digest = Digest.of(b"evil")
    moves = tuple(TagMove(tag, None, digest) for tag in map(Tag, (commit[:7], "latest")))
    codec.write(work.receipt, Receipt(State.RELEASED, EnvironmentName("prod"), EVIL, digest, Commit(commit), moves))
    return digest


@attack(1, EvidenceMismatch, f"receipt.json {OTHER_BYTES}", CONTENT)
def the_page_of_a_run_says_that_another_image_was_released(scene: Scene) -> None:
    handed_over = hand_over.made(scene)
    handed_over.work.receipt.write_text("{}")
    evidence = command.evidence(handed_over.work)
    digest = forged_receipt(handed_over.work, handed_over.app.commit)
    handed_over.run("summary", more=evidence)
    assert f"docker pull {EVIL}@{digest}" in (scene.folder / "runner" / "summary").read_text()


@attack(1, EvidenceMismatch, "No job of this run reported receipt.json", CONTENT)
def the_page_of_a_run_that_released_nothing_says_that_it_did(scene: Scene) -> None:
    handed_over = hand_over.made(scene)
    digest = forged_receipt(handed_over.work, handed_over.app.commit)
    handed_over.run("summary")
    assert f"docker pull {EVIL}@{digest}" in (scene.folder / "runner" / "summary").read_text()


@attack(1, EvidenceMismatch, f"trivy.verdict.json {OTHER_BYTES}", CONTENT)
def a_comment_in_a_pull_request_shows_a_forged_verdict(scene: Scene) -> None:
    handed_over, emulator = hand_over.made(scene), scene.fixture("emulator")
    owner, _, name = handed_over.app.slug.partition("/")
    place = Place(emulator.github_url, owner, name)
    emulator.threads.create_pull(place, {"title": "A change", "head": "change", "base": "main"})
    (thread,) = emulator.threads.of(handed_over.app.slug)
    blocking = handed_over.work.verdict(Gate.TRIVY)
    passing = blocking.read_text()
    blocking.write_text(passing.replace('"pass"', '"block"'))
    evidence = command.evidence(handed_over.work)
    blocking.write_text(passing)
    repository = {"repo": {"full_name": handed_over.app.slug}}
    pull = {"number": thread.number, "base": {**repository, "sha": handed_over.app.commit}, "head": repository}
    event = scene.folder / "pull.json"
    event.write_text(json.dumps({"pull_request": pull}))
    where = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}
    where["GITHUB_REF"] = f"refs/pull/{thread.number}/merge"
    handed_over.run("pull-request-comment", "--ecr-repository=my-app", more={**where, **evidence})
    (text,) = thread.comments.values()
    assert "trivy: PASS in prod" in text


@dataclass(frozen=True)
class Platforms:
    """The images that the jobs of two platforms handed over to the build, below `folder`, and their evidence."""

    scene: Scene
    folder: Path
    commit: Commit

    def add(self, name: str, platform: PlatformFields, content: bytes) -> WorkFolder:
        """Put an image for `platform` into the new folder `name`."""
        work = WorkFolder(self.folder / name)
        made = run_builder.candidate(layout(work.layout, platform, content=content, revision=self.commit))
        built_from = checkout.read(self.scene.fixture("app").folder, self.commit).digest
        codec.write(work.candidate, replace(made, commit=self.commit, checkout=built_from))
        return work

    def join(self, evil: WorkFolder) -> None:
        """Have the build make one image of all, and assert that what the attacker made is in it."""
        app, work = self.scene.fixture("app"), WorkFolder(self.scene.folder / "work")
        handed_over = hand_over.HandOver(self.scene, app, work, {}, evil)
        handed_over.run("build", f"--candidates={self.folder}", "--platforms=linux/amd64,linux/arm64",
                        more={"GOLDENPATH_EVIDENCE": self.evidence})  # fmt: skip
        joined = {each.descriptor.digest for each in Layout(work.layout).images()}
        assert Layout(evil.layout).root().digest in joined

    @property
    def evidence(self) -> str:
        """What both jobs reported, as the workflow passes it on."""
        lines = {name: WorkFolder(self.folder / name.replace("/", "-")).left_by("build").line
                 for name in ("linux/amd64", "linux/arm64")}  # fmt: skip
        return "\n".join(f"{name}: {json.dumps(line)}" for name, line in lines.items())


def two_platforms(scene: Scene) -> Platforms:
    found = Platforms(scene, scene.folder / "platforms", scene.fixture("app").commit)
    found.add("linux-amd64", AMD64, b"built")
    found.add("linux-arm64", ARM64, b"built")
    return found


@attack(
    1,
    EvidenceMismatch,
    f"candidate.json {OTHER_BYTES}",
    CONTENT,
    Patch("goldenpath.delivery.builds.joining._require_new"),
)
def one_more_artifact_claims_a_platform_that_was_built(scene: Scene) -> None:
    platforms = two_platforms(scene)
    evil = platforms.add("zz", ARM64, b"not built from this commit")
    platforms.join(evil)


@attack(1, EvidenceMismatch, f"candidate.json {OTHER_BYTES}", CONTENT)
def another_job_replaces_the_image_of_one_platform(scene: Scene) -> None:
    platforms = two_platforms(scene)
    evidence = platforms.evidence
    shutil.rmtree(platforms.folder / "linux-arm64")
    evil = platforms.add("linux-arm64", ARM64, b"not built from this commit")
    forged = Replaced(platforms.scene, platforms.folder, platforms.commit, evidence)
    forged.join(evil)


@dataclass(frozen=True)
class Replaced(Platforms):
    """The same after one of them was replaced: the evidence is that of before."""

    evidence: str = ""
