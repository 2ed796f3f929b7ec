"""A receipt was replaced, and somebody with an operator's login repairs by it; or it is what a summary prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.receipt import Receipt
from goldenpath.delivery.model.timing import Timings
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.shared import codec
from goldenpath.shared.errors import ReceiptMismatch, StageOutOfOrder
from tests.attacks.attack import Patch, Scene, attack
from tests.attacks.planted import image, plant, run

if TYPE_CHECKING:
    from goldenpath.shared.names import Digest

THEIRS, OURS = "2b" * 20, "3c" * 20
ANYTHING = re.compile("(?s).+")
OWN = Patch("goldenpath.delivery.release.repair.require_own")


def no_tags(*_: object) -> frozenset[str]:
    """Find no tag that another environment has of the image."""
    return frozenset()


TAKEN_UP = Patch("goldenpath.delivery.release.repair._taken_up", no_tags)
Moves = dict[str, "Digest | None"]


def repaired(
    scene: Scene,
    commit: str,
    environment: str,
    digest: str,
    moves: Moves,
    *confirmed: str,
    staged: tuple[str, ...] = (),
) -> None:
    """Have an operator repair by a forged receipt."""
    local, repository = scene.fixture("emulator"), scene.fixture("repository")
    fields = {
        "state": "staged", "environment": environment, "repository": f"{local.registry_host}/{repository}",
        "digest": digest, "commit": commit, "staged": staged,
        "tags": [{"tag": tag, "before": before, "after": None} for tag, before in moves.items()],
    }  # fmt: skip
    path = scene.folder / "receipt.json"
    codec.write(path, fields)
    run(scene, "release", "repair", path, "--yes", *(f"--confirm={each}" for each in confirmed))


def of_prod(scene: Scene) -> Digest:
    """Plant what prod runs, released as 2.0.0, and return its digest."""
    prod = image(scene, "prod", THEIRS)
    return plant(scene, scene.fixture("repository"), prod, THEIRS[:7], f"prod-{THEIRS[:7]}", "2.0.0")


def tags(scene: Scene) -> dict[str, str]:
    found: dict[str, str] = scene.fixture("emulator").tags(scene.fixture("repository"))
    return found


@attack(1, ReceiptMismatch, "is not an image of that commit", OWN)
def a_receipt_moves_prods_tags_to_an_image_of_another_commit(scene: Scene) -> None:
    prod = of_prod(scene)
    evil = plant(scene, scene.fixture("repository"), image(scene, "evil", OURS), OURS[:7], f"local-{OURS[:7]}")
    moves: Moves = {"2.0.0": evil, f"prod-{THEIRS[:7]}": evil, "latest": None}
    repaired(scene, THEIRS, "prod", prod, {**moves}, "2.0.0", evil)
    assert (tags(scene)["2.0.0"], tags(scene)[f"prod-{THEIRS[:7]}"]) == (evil, evil)


@attack(1, ReceiptMismatch, "The registry does not prove that", OWN)
def a_receipt_moves_a_tag_to_a_build_of_the_same_commit_that_no_blocking_gate_saw(scene: Scene) -> None:
    prod = of_prod(scene)
    evil = plant(scene, scene.fixture("repository"), image(scene, "evil", THEIRS), f"local-{THEIRS[:7]}")
    repaired(scene, THEIRS, "prod", prod, {f"prod-{THEIRS[:7]}": evil, "9.9.9": None})
    assert tags(scene)[f"prod-{THEIRS[:7]}"] == evil


@attack(1, ReceiptMismatch, "prod-2b2b2b2 is not a tag of such a release", OWN, TAKEN_UP)
def a_receipt_of_dev_takes_prods_tags_away(scene: Scene) -> None:
    prod = of_prod(scene)
    repaired(scene, THEIRS, "dev", prod, {f"prod-{THEIRS[:7]}": None, "9.9.9": None})
    assert f"prod-{THEIRS[:7]}" not in tags(scene)


@attack(1, ReceiptMismatch, "is not an image of that commit", OWN)
def a_receipt_has_images_of_another_commit_deleted(scene: Scene) -> None:
    kept = plant(scene, scene.fixture("repository"), image(scene, "kept", THEIRS))
    ours = plant(scene, scene.fixture("repository"), image(scene, "ours", OURS), OURS[:7])
    repaired(scene, OURS, "dev", ours, {f"dev-{OURS[:7]}": None}, staged=(kept,))
    assert kept not in scene.fixture("emulator").manifests(scene.fixture("repository"))


@attack(1, ReceiptMismatch, "The registry does not prove that 2.0.0 belongs to this release", OWN)
def a_receipt_takes_a_version_away_that_nobody_confirmed(scene: Scene) -> None:
    prod = of_prod(scene)
    repaired(scene, THEIRS, "prod", prod, {"2.0.0": None, "9.9.9": None})
    assert "2.0.0" not in tags(scene)


EVIL = "x/my-app\n\n## ✅ released, see @team\n\n`docker pull evil.example/x`"


@attack(
    1,
    StageOutOfOrder,
    "is not the address of a repository",
    Patch("goldenpath.shared.names.ImageRepository.pattern", ANYTHING),
)
def a_receipt_writes_a_heading_into_the_summary(scene: Scene) -> None:
    fields = {
        "state": "released", "environment": "prod", "repository": EVIL, "digest": "sha256:" + "5" * 64,
        "commit": OURS, "tags": [],
    }  # fmt: skip
    codec.write(scene.folder / "receipt.json", fields)
    receipt = codec.read(scene.folder / "receipt.json", Receipt, written_by="ecr-push")
    assert "\n## ✅ released, see @team\n" in job_summary.render(Facts("prod", OURS, (), receipt=receipt))


@attack(1, StageOutOfOrder, "is not the name of a stage", Patch("goldenpath.shared.names.StageName.pattern", ANYTHING))
def a_timing_writes_a_heading_into_the_summary(scene: Scene) -> None:
    stage = {"stage": "sbom\n## ✅ released", "end": "failed", "seconds": 1, "sentence": "s"}
    codec.write(scene.folder / "timings.json", {"stages": [stage]})
    timings = codec.read(scene.folder / "timings.json", Timings, written_by=Gate.TRIVY.stage)
    assert "\n## ✅ released" in job_summary.headline(Facts("prod", OURS, (), timings=timings))
