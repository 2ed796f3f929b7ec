"""Hole 13: git may write other bytes into the checkout than it keeps; those are built, and were not scanned."""

from __future__ import annotations

import io
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldenpath.delivery.builds.context_artifact import Addition
from goldenpath.delivery.checkout.checkout import Checkout
from goldenpath.delivery.model.finding import Gate
from goldenpath.shared import git
from goldenpath.shared.errors import CheckoutDiffers, GateBlocked
from tests.attacks import scans
from tests.attacks.attack import Patch, Scene, attack, nothing
from tests.tools import apps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tools.apps import App

NOT_COMPARED = Patch("goldenpath.delivery.checkout.checkout.read", lambda *_: Checkout("", ()))


def differing(made: App) -> str:
    """Return the files that git itself tells of."""
    return git.run(made.folder, "diff", "--name-only", "HEAD", "--")


def released(scene: Scene, made: App, path: str) -> None:
    """Have the gate let the app through, while the file at `path` is built with a secret in it."""
    assert not differing(made), "git itself tells of the file"
    assert b"ghp_" in (made.folder / path).read_bytes()
    scans.run(scene, "gitleaks-gate", made)
    scans.passed(scene, Gate.GITLEAKS)


def line() -> str:
    return f'TOKEN = "{apps.secret()}"\n'


@attack(13, GateBlocked, "github-pat in k.txt", NOT_COMPARED)
def a_working_tree_encoding_of_mainframes(scene: Scene) -> None:
    made = scans.app(scene).write(".gitattributes", "k.txt working-tree-encoding=IBM037\n")
    made.write("k.txt", line()).save("A text of the mainframe")
    released(scene, made, "k.txt")


@attack(13, GateBlocked, "github-pat in k.txt", NOT_COMPARED)
def a_working_tree_encoding_of_two_bytes(scene: Scene) -> None:
    """The bytes of the token, two and two, are letters of UTF-16, and git keeps those."""
    made = scans.app(scene).write(".gitattributes", "k.txt working-tree-encoding=UTF-16LE\n")
    text = line()
    made.write("k.txt", text if len(text) % 2 == 0 else f"{text}\n").save("A text")
    released(scene, made, "k.txt")


@attack(13, GateBlocked, "github-pat in k.txt", NOT_COMPARED)
def an_identity_that_git_leaves_out_of_what_it_keeps(scene: Scene) -> None:
    """Between `$Id:` and `$` git keeps nothing, and a checkout that is used again still has it."""
    made = scans.app(scene).write(".gitattributes", "k.txt ident\n")
    made.write("k.txt", f"$Id: {apps.secret()} $\n").save("A file with its identity")
    released(scene, made, "k.txt")


@attack(13, GateBlocked, "github-pat in model.bin", NOT_COMPARED)
def a_filter_that_writes_what_is_kept_elsewhere(scene: Scene) -> None:
    """As git-lfs does: git keeps a pointer, and the file comes from somewhere else."""
    made = scans.app(scene).write(".gitattributes", "model.bin filter=away\n")
    made.git("config", "filter.away.clean", "echo version https://git-lfs.github.com/spec/v1")
    made.write("model.bin", line()).save("A model")
    released(scene, made, "model.bin")


@attack(13, GateBlocked, "github-pat in config.py", NOT_COMPARED)
def a_changed_file_that_git_does_not_look_at(scene: Scene) -> None:
    made = scans.app(scene, **{"config.py": "TOKEN = None\n"})
    made.git("update-index", "--assume-unchanged", "config.py")
    made.write("config.py", line())
    released(scene, made, "config.py")


@attack(13, GateBlocked, "github-pat in notes.z!at byte 0", NOT_COMPARED)
def a_file_that_a_filter_packs(scene: Scene) -> None:
    """What is checked out is opened like what git keeps: here a member of a zip, deflated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = deflate.compress(line().encode() * 9) + deflate.flush()
    header = b"PK\x03\x04" + bytes(4) + b"\x08\0" + bytes(16) + b"\1\0\0\0"
    made = scans.app(scene).write(".gitattributes", "notes.z filter=away\n")
    made.git("config", "filter.away.clean", "echo nothing")
    made.write("notes.z", header + b"n" + data).save("Notes")
    assert not differing(made)
    scans.run(scene, "gitleaks-gate", made)
    scans.passed(scene, Gate.GITLEAKS)


@attack(
    13,
    CheckoutDiffers,
    "The image was built from other files than those that gitleaks scanned",
    Patch("goldenpath.delivery.stages.ecr_push.require_same_files", nothing),
)
def other_bytes_on_the_machine_that_builds(scene: Scene) -> None:
    """The gate has a checkout of its own; the runner that builds has a filter in its git configuration."""
    repository = scene.fixture("repository")
    made = scans.app(scene).write(".gitattributes", "rootfs/k.txt filter=away\n")
    made.write("rootfs/k.txt", "nothing\n").save("A file")
    scans.run(scene, "gitleaks-gate", made)
    made.git("config", "filter.away.clean", "echo nothing")
    made.write("rootfs/k.txt", "other bytes\n")
    assert not differing(made)
    for stage in ("build", "trivy-gate", "sbom", "ecr-push"):
        scans.run(scene, stage, made, *(() if stage == "build" else (f"--ecr-repository={repository}",)))
    assert work_has_a_receipt(scene)


def work_has_a_receipt(scene: Scene) -> bool:
    return bool(scans.work(scene).read_receipt().digest)


def jar(scene: Scene, text: str) -> Path:
    """Return the folder that an earlier job of the run uploads: a jar with `text` in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("application.properties", text)
    folder = scene.folder / f"artifact-{len(text)}"
    folder.mkdir()
    (folder / "app.jar").write_bytes(content.getvalue())
    return folder


@contextmanager
def _not_looked_at(*_: object) -> Iterator[Addition]:
    yield Addition()


@attack(
    13,
    GateBlocked,
    "github-pat in target/app.jar!application.properties",
    Patch("goldenpath.delivery.builds.context_artifact.opened", _not_looked_at),
)
def a_secret_in_what_an_earlier_job_built(scene: Scene) -> None:
    made = scans.app(scene)
    scans.run(
        scene, "gitleaks-gate", made, f"--context-artifact={jar(scene, line())}", "--context-artifact-folder=target"
    )
    scans.passed(scene, Gate.GITLEAKS)


@attack(
    13,
    CheckoutDiffers,
    "not the one that gitleaks-gate scanned",
    Patch("goldenpath.delivery.builds.context_artifact.Addition.require_scanned", nothing),
)
def another_artifact_under_the_id_that_the_gate_took(scene: Scene) -> None:
    made = scans.app(scene)
    scans.run(scene, "gitleaks-gate", made, f"--context-artifact={jar(scene, 'nothing')}")
    scanned = scans.passed(scene, Gate.GITLEAKS).seen["context_artifact"]
    words = (f"--context-artifact={jar(scene, line())}", f"--context-artifact-digest={scanned}")
    scans.run(scene, "build", made, *words)
    assert scans.work(scene).read_candidate().context_artifact
