"""Real BuildKit lists the base images of a Dockerfile, and builds from what they were when it listed them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps, base_registry, small_images
from tests.tools.base_registry import Registry
from tests.tools.command import texts_below
from tests.tools.conftest import ACCOUNT
from tests.tools.delivery.stages.test_build import blob, stage

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.finding import FindingOrigin, Gate
from goldenpath.delivery.model.image_origins import ImageOrigins, Step
from goldenpath.delivery.model.layout import Layout
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.delivery.model.work_folder import WorkFolder
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
def image(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """An image that holds a file, and a package with vulnerabilities."""
    files = {"hello": b"hello", apps.PLANTED_PACKAGE: apps.PLANTED_METADATA.encode()}
    return small_images.make(tmp_path_factory.mktemp("base"), files)


def test_base_images_are_resolved_before_the_build_and_recorded(
    goldenpath: Command, app: App, work: WorkFolder, registry: Registry, image: Layout
) -> None:
    host, digest = registry.host, image.root().digest
    app.write("Dockerfile", DOCKERFILE.format(host=host)).save()
    done = stage(goldenpath, "build", app, work, f"--build-contexts=named=docker-image://{host}/team/named:3").ok()
    candidate = work.read_candidate()
    names = (f"{host}/team/base:latest", f"{host}/team/named:3", f"{host}/team/tools:2")
    assert candidate.bases == tuple(BaseImage(name, digest, newest=digest) for name in names)
    assert f"base image {names[0]}@{digest}" in done.text
    labels = blob(Layout(work.layout), candidate.platforms[0].config)["config"]["Labels"]
    assert labels["org.opencontainers.image.base.name"] == names[0]
    assert labels["org.opencontainers.image.base.digest"] == digest
    assert labels["goldenpath.idp/layers"] == "COPY:3 COPY:4 COPY:6"
    steps = (Step(3, "COPY"), Step(4, "COPY"), Step(6, "COPY"))
    assert candidate.platforms[0].origins == ImageOrigins(names[0], steps, 2)
    assert sorted(path.rsplit("/", 3)[1] for path in registry.by_tag) == ["base", "named", "named", "tools"]


def test_findings_of_the_base_image_are_told_apart_from_those_of_the_app(
    goldenpath: Command, app: App, work: WorkFolder, registry: Registry, image: Layout
) -> None:
    registry.moved = b"{}"
    name, digest = f"{registry.host}/team/base:1", image.root().digest
    app.write("Dockerfile", f"FROM {name}@{digest}\nCOPY own /own\n")
    app.write(f"own/{apps.PLANTED_PACKAGE}", apps.PLANTED_METADATA).save()
    stage(goldenpath, "build", app, work).ok()
    newer = Digest.of(registry.moved)
    assert work.read_candidate().bases == (BaseImage(name, digest, newest=newer),)
    done = stage(goldenpath, "trivy-gate", app, work, "--ecr-repository=team/my-app").ok()
    found = {(each.location.path, each.origin) for each in work.read_findings(Gate.TRIVY).findings}
    assert found == {
        (apps.PLANTED_PACKAGE, FindingOrigin(base=name, line=1)),
        (f"own/{apps.PLANTED_PACKAGE}", FindingOrigin(line=2, instruction="COPY")),
    }
    results = json.loads(work.sarif(Gate.TRIVY).read_bytes())["runs"][0]["results"]
    lines = [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in results]
    assert sorted(lines) == [1, 1, 2, 2]
    assert "brought by COPY in line 2 of the Dockerfile. Update PyYAML from 5.3 to 5.4" in done.text
    assert work.read_verdict(Gate.TRIVY).notes[-1] == (
        f"2 findings are from the base image {name}, 2 of them with a fix, which a newer base image may bring: "
        f"{name} names another image today: {newer}, in place of {digest}"
    )


def test_a_base_image_that_a_registry_refuses_is_named(
    goldenpath: Command, app: App, work: WorkFolder, registry: Registry
) -> None:
    registry.is_private = True
    app.write("Dockerfile", f"FROM {registry.host}/team/base:1\nCOPY rootfs /\n").save()
    ended = stage(goldenpath, "build", app, work)
    assert ended.error["what"].startswith(f"The base image {registry.host}/team/base:1 cannot be pulled"), ended.text
    assert f"goldenpath pull-bases --private-bases {registry.host}/team/base:1" in ended.error["fix"]


def test_a_base_image_in_a_private_registry_reaches_a_build_that_has_no_login(
    goldenpath: Command, app: App, work: WorkFolder, emulator: Local, repository: str, image: Layout
) -> None:
    small_images.push(emulator, repository, image, "1")
    # ECR's own address, which leads nowhere here: only the login's answer says where the registry is.
    name = f"{ACCOUNT}.dkr.ecr.{emulator.region}.amazonaws.com/{repository}:1"
    stage(goldenpath, "pull-bases", app, work, f"--private-bases={name}").ok()
    app.write("Dockerfile", f"FROM {name}\nCOPY rootfs /\n").save()
    stage(goldenpath, "build", app, work).ok()
    candidate = work.read_candidate()
    assert candidate.bases == (BaseImage(name, image.root().digest, newest=image.root().digest),)
    labels = blob(Layout(work.layout), candidate.platforms[0].config)["config"]["Labels"]
    assert labels["org.opencontainers.image.base.name"] == name


@pytest.mark.parametrize("tag", ["", ":latest", ":1"])
def test_a_base_image_in_another_registry_is_fetched_with_a_login_of_its_own(
    goldenpath: Command, app: App, work: WorkFolder, emulator: Local, repository: str, image: Layout, tag: str
) -> None:
    small_images.push(emulator, repository, image, tag.removeprefix(":") or "latest")
    name = f"{emulator.registry_host}/{repository}{tag}"
    basic = small_images.login(emulator).authorization.removeprefix("Basic ")
    user, _, password = base64.b64decode(basic).partition(b":")
    logins = {"BASES_LOGINS": f"{emulator.registry_host} {user.decode()} {password.decode()}"}
    where = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", f"--private-bases={name}")
    refused = goldenpath.run("pull-bases", *where)
    assert f"There is no login for {emulator.registry_host}" in refused.text
    fetched = goldenpath.run("pull-bases", *where, more=logins).ok()
    app.write("Dockerfile", f"FROM {name}\nCOPY rootfs /\n").save()
    stage(goldenpath, "build", app, work).ok()
    digest = image.root().digest
    assert work.read_candidate().bases == (BaseImage(f"{name}{'' if tag else ':latest'}", digest, newest=digest),)
    assert password.decode() not in fetched.text
    assert not [path for path, text in texts_below(work.path).items() if password in text]
