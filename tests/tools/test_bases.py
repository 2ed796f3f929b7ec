"""Real BuildKit lists the base images of a Dockerfile, and builds from what they were when it listed them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from tests.tools import apps, base_registry
from tests.tools.base_registry import Registry
from tests.tools.conftest import ACCOUNT
from tests.tools.test_build import blob, stage

from goldenpath.model.base_image import BaseImage
from goldenpath.model.layout import Layout
from goldenpath.model.names import EcrRepository, Tag
from goldenpath.model.work import WorkFolder
from goldenpath.services.aws import Ecr
from goldenpath.services.oci_registry import OciRegistry, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

DOCKERFILE = """\
ARG NAME=base
FROM {host}/team/$NAME AS one
COPY --from={host}/team/tools:2 /hello /tools
COPY --from=named /hello /named
FROM one
COPY --link rootfs /
"""


@pytest.fixture
def registry(image: Layout) -> Iterator[Registry]:
    # Listing looks up three names, and then the one of the named context. The build must look up none.
    with base_registry.serving(Registry(image, lookups=4)) as served:
        yield served


@pytest.fixture(scope="module")
def image(goldenpath: Command, tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """An image that holds a file."""
    folder = tmp_path_factory.mktemp("base")
    work = WorkFolder(folder / "work")
    app = apps.make(folder / "app", Dockerfile="FROM scratch\nCOPY hello /\n", hello="hello")
    stage(goldenpath, "build", app, work).ok()
    return Layout(work.layout)


def test_base_images_are_resolved_before_the_build_and_recorded(
    goldenpath: Command, app: App, work: WorkFolder, registry: Registry, image: Layout
) -> None:
    host, digest = registry.host, image.root().digest
    app.write("Dockerfile", DOCKERFILE.format(host=host)).save()
    done = stage(goldenpath, "build", app, work, f"--build-contexts=named=docker-image://{host}/team/named:3").ok()
    candidate = work.read_candidate()
    names = (f"{host}/team/base:latest", f"{host}/team/named:3", f"{host}/team/tools:2")
    assert candidate.bases == tuple(BaseImage(name, digest) for name in names)
    assert f"base image {names[0]}@{digest}" in done.text
    labels = blob(Layout(work.layout), candidate.platforms[0].config)["config"]["Labels"]
    assert labels["org.opencontainers.image.base.name"] == names[0]
    assert labels["org.opencontainers.image.base.digest"] == digest
    assert sorted(path.rsplit("/", 3)[1] for path in registry.by_tag) == ["base", "named", "named", "tools"]


def push(emulator: Local, repository: str, image: Layout, tag: str) -> None:
    """Put an image into an ECR repository."""
    admin = boto3.Session(emulator.admin.id, emulator.admin.secret, region_name=emulator.region)
    ecr = Ecr(lambda: admin.client("ecr", endpoint_url=emulator.environment()["AWS_ENDPOINT_URL"]))
    with closing(OciRegistry(ecr.login(), EcrRepository(repository))) as registry:
        for blob_of in (each for found in image.images() for each in found.blobs):
            registry.upload_blob(Upload(blob_of, image.blob(blob_of.digest)))
        root = image.root()
        registry.put_manifest(Tag(tag), root.media_type, image.manifest_bytes(root))


def test_a_base_image_in_a_private_registry_reaches_a_build_that_has_no_login(
    goldenpath: Command, app: App, work: WorkFolder, emulator: Local, repository: str, image: Layout
) -> None:
    push(emulator, repository, image, "1")
    # ECR's own address, which leads nowhere here: only the login's answer says where the registry is.
    name = f"{ACCOUNT}.dkr.ecr.{emulator.region}.amazonaws.com/{repository}:1"
    stage(goldenpath, "pull-bases", app, work, f"--private-bases={name}").ok()
    app.write("Dockerfile", f"FROM {name}\nCOPY rootfs /\n").save()
    stage(goldenpath, "build", app, work).ok()
    candidate = work.read_candidate()
    assert candidate.bases == (BaseImage(name, image.root().digest),)
    labels = blob(Layout(work.layout), candidate.platforms[0].config)["config"]["Labels"]
    assert labels["org.opencontainers.image.base.name"] == name
