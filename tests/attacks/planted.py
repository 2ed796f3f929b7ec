"""What attackers on a registry do by other ways than ours: they put images there, and start releases and repairs."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.delivery.registry.oci_registry import OciRegistry, Upload
from goldenpath.shared.names import Digest, EcrRepository, Tag
from tests.attacks.attack import Refused, Scene
from tests.unit.layout_builder import AMD64, layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.model.layout import Layout, PlatformFields
    from goldenpath.delivery.model.work_folder import WorkFolder


def push(scene: Scene, repository: str, *more: str, environment: str = "dev") -> None:
    """Release what is in the work folder. Raises `Refused` when it was not released."""
    app, work = scene.fixture("ready"), scene.fixture("work")
    run(
        scene, "ecr-push", f"--environment={environment}", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}", *more,
    )  # fmt: skip


def run(scene: Scene, *words: object) -> None:
    """Run a command in this process. Raises `Refused` when it ends in an error."""
    ended = scene.fixture("inside")(*words)
    if ended.code:
        error = ended.error
        raise Refused(error["code"], f"{error['what']}: {error['why']}: {error['fix']}")


def image(scene: Scene, name: str, revision: str, *platforms: PlatformFields) -> Layout:
    """Return an image that nothing scanned and that says it is of the commit `revision`."""
    return layout(scene.folder / name, *(platforms or (AMD64,)), content=name.encode(), revision=revision)


def plant(
    scene: Scene, repository: str, planted: Layout, *tags: str, media_type: str = "", body: bytes = b""
) -> Digest:
    """Put an image under `tags` into a repository with an administrator's login, past every gate."""
    root = planted.root()
    with registry(scene, repository) as opened:
        for each in planted.images():
            for blob in each.blobs:
                opened.upload_blob(Upload(blob, planted.blob(blob.digest)))
            opened.put_manifest(
                each.descriptor.digest, each.descriptor.media_type, planted.manifest_bytes(each.descriptor)
            )
        content, kind = body or planted.manifest_bytes(root), media_type or root.media_type
        for reference in map(Tag, tags) if tags else (Digest.of(content),):
            opened.put_manifest(reference, kind, content)
    return Digest.of(content)


@contextmanager
def registry(scene: Scene, repository: str) -> Iterator[OciRegistry]:
    """Give the data plane of a repository to an administrator."""
    local = scene.fixture("emulator")
    admin = boto3.Session(local.admin.id, local.admin.secret, region_name=local.region)
    client = admin.client("ecr", endpoint_url=local.environment()["AWS_ENDPOINT_URL"])
    with closing(client), closing(OciRegistry(Ecr(lambda: client).login(), EcrRepository(repository))) as opened:
        yield opened


def edit(work: WorkFolder, name: str, old: str, new: str) -> None:
    """Replace `old`, which must be there, in a file of the work folder."""
    path: Path = work.path / name
    text = path.read_text()
    assert old in text, f"{name} does not hold {old!r}"
    path.write_text(text.replace(old, new))
