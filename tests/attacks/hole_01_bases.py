"""Hole 1, at the base images: the jobs that build take what another job fetched, and any job can replace it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import bases
from goldenpath.delivery.model.evidence import Report
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import codec
from goldenpath.shared.errors import EvidenceMismatch
from tests.attacks.attack import Patch, attack
from tests.attacks.hole_01_evidence import CONTENT, OTHER_BYTES
from tests.tools import small_images

if TYPE_CHECKING:
    from goldenpath.shared.names import Digest
    from tests.attacks.attack import Scene

NAME = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/base/python:3"


def fetched(scene: Scene, content: bytes) -> tuple[WorkFolder, Digest]:
    """Return a work folder with a base image that holds `content`, and its digest."""
    work = WorkFolder(scene.folder / content.decode())
    image = small_images.make(scene.folder / "image", {"content": content})
    digest = image.root().digest
    shutil.copytree(image.path, work.base_layout(digest))
    shutil.rmtree(image.path)
    codec.write(work.bases, FetchedBases({NAME: digest}))
    return work, digest


def built_from(true: WorkFolder, found: WorkFolder) -> FetchedBases:
    """Return what a build starts from that has the reports of the job which wrote `true`, and takes `found`."""
    report = Report(true.left_by("pull-bases").digests, "pull-bases")
    return bases.fetched(found.believing((report,)))


@attack(1, EvidenceMismatch, f"bases.json {OTHER_BYTES}", CONTENT)
def another_job_replaces_a_base_image_and_its_record(scene: Scene) -> None:
    true, _ = fetched(scene, b"true")
    evil, digest = fetched(scene, b"evil")
    assert built_from(true, evil).images == {NAME: digest}


@attack(
    1,
    EvidenceMismatch,
    "is not the one that was fetched",
    Patch("goldenpath.delivery.model.layout.Layout.require_whole"),
)
def another_job_replaces_a_base_image_alone(scene: Scene) -> None:
    true, digest = fetched(scene, b"true")
    evil, other = fetched(scene, b"evil")
    shutil.rmtree(true.base_layout(digest))
    evil.base_layout(other).rename(true.base_layout(digest))
    assert built_from(true, true).images == {NAME: digest}
