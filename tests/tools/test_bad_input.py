"""A delivery that cannot be gets one clear error (what, why, what to do), the exit code of its kind, no push."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import environments
from tests.tools import apps
from tests.tools.mistakes import Case, Place, untouched

from goldenpath.shared import errors

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

NOWHERE = "unix:///nowhere/docker.sock"


def dockerfile(text: str) -> Callable[[Place], Mapping[str, str]]:
    def prepare(place: Place) -> Mapping[str, str]:
        place.app.write("Dockerfile", text).save()
        return {}

    return prepare


def no_dockerfile(place: Place) -> Mapping[str, str]:
    (place.app.folder / "Dockerfile").unlink()
    place.app.save()
    return {}


def dockerfile_elsewhere(place: Place) -> Mapping[str, str]:
    place.app.git("mv", "Dockerfile", "rootfs/Dockerfile")
    place.app.write(".devcontainer/Dockerfile", apps.DOCKERFILE).save()
    return {}


def no_repository(place: Place) -> Mapping[str, str]:
    (place.folder / "plain").mkdir()
    (place.folder / "plain" / "Dockerfile").write_text(apps.DOCKERFILE)
    return {}


def no_commit(place: Place) -> Mapping[str, str]:
    apps.uncommitted(place.folder / "new")
    return {}


def repository_of_the_app(place: Place) -> Mapping[str, str]:
    place.app.write("sub/HEAD", "ref: refs/heads/main\n")
    place.app.write("sub/config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfsmonitor = /bin/false\n")
    for name in ("objects", "refs"):
        (place.app.folder / "sub" / name).symlink_to(f"../.git/{name}")
    place.app.save()
    return {}


def shallow(place: Place) -> Mapping[str, str]:
    place.app.write("more", "more").save()
    place.app.git("clone", "--quiet", "--depth=1", f"file://{place.app.folder}", str(place.folder / "shallow"))
    place.app.git("-C", str(place.folder / "shallow"), "remote", "remove", "origin")
    return {}


def below_a_file(place: Place) -> Mapping[str, str]:
    (place.folder / "file").write_text("")
    return {}


def without_engine(_: Place) -> Mapping[str, str]:
    return {"DOCKER_HOST": NOWHERE, "GOLDENPATH_BUILDKIT": ""}


def without_buildkit(_: Place) -> Mapping[str, str]:
    return {"GOLDENPATH_BUILDKIT": "unix:///nowhere/buildkitd.sock"}


def with_an_image_that_is_none(_: Place) -> Mapping[str, str]:
    return {"GOLDENPATH_BUILDKIT": "docker-image://"}


def run_of_another_commit(place: Place) -> Mapping[str, str]:
    variables = apps.event(place.folder / "runner", place.app)
    place.app.write("more", "more").save()
    return variables


def run_of_an_odd_release_tag(place: Place) -> Mapping[str, str]:
    return apps.event(place.folder / "runner", place.app, ref="refs/tags/v1.2.3+build5")


def run_without_its_event(place: Place) -> Mapping[str, str]:
    variables = apps.event(place.folder / "runner", place.app)
    (place.folder / "runner" / "event.json").write_text("{")
    return variables


DELIVERIES = (
    Case("no Dockerfile", errors.BuildFailed, "There is no Dockerfile at {app.folder}/Dockerfile",
         prepare=no_dockerfile),
    Case("a Dockerfile elsewhere", errors.BuildFailed, "There is no Dockerfile at {app.folder}/Dockerfile",
         "The repository has rootfs/Dockerfile", prepare=dockerfile_elsewhere),
    Case("a broken Dockerfile", errors.BuildFailed, "The image could not be built", "unknown instruction: FORM",
         prepare=dockerfile("FORM scratch\n")),
    Case("an empty Dockerfile", errors.BuildFailed, "The image could not be built", "the Dockerfile cannot be empty",
         prepare=dockerfile("")),
    Case("a COPY of a missing file", errors.BuildFailed, "The image could not be built", '"/missing": not found',
         prepare=dockerfile("FROM scratch\nCOPY missing /\n")),
    Case("an image without layers", errors.BuildFailed, "The image is empty: it has no layers",
         "Amazon ECR does not store such an image", prepare=dockerfile('FROM scratch\nCMD ["/app"]\n')),
    Case("a RUN that fails", errors.BuildFailed, "The image could not be built", "/missing",
         prepare=dockerfile('FROM scratch\nCOPY rootfs /\nRUN ["/missing"]\n')),
    Case("a build context that is not there", errors.BuildFailed,
         "The build context {app.folder}/missing is not a folder", given={"build-context": "missing"}),
    Case("not a git repository", errors.SourceUnusable,
         "{folder}/plain is not a git checkout with at least one commit", "not a git repository",
         given={"source": "{folder}/plain"}, prepare=no_repository),
    Case("a folder of the app that looks like a repository", errors.SourceUnusable,
         "{app.folder}/sub is not a git checkout with at least one commit", "cannot use bare repository",
         given={"source": "{app.folder}/sub"}, prepare=repository_of_the_app),
    Case("an empty git repository", errors.SourceUnusable,
         "{folder}/new is not a git checkout with at least one commit", "single revision",
         given={"source": "{folder}/new"}, prepare=no_commit),
    Case("no such folder", errors.SourceUnusable, "{folder}/missing is not a folder",
         given={"source": "{folder}/missing"}),
    Case("a shallow clone", errors.SourceUnusable,
         "The checkout is shallow: part of its history is missing and cannot be scanned",
         given={"source": "{folder}/shallow"}, prepare=shallow),
    Case("an unknown environment", errors.UnknownEnvironment, "There is no environment 'production'",
         f"The platform knows {', '.join(environments.ALL)}", given={"environment": "production"}),
    Case("no environment", errors.BadInput, "1 input cannot be used", "`environment` is missing",
         given={"environment": ""}),
    Case("a bad repository name", errors.BadInput, "1 input cannot be used",
         "`ecr_repository`: 'My App' is not an ECR repository name", given={"ecr-repository": "My App"}),
    Case("malformed build arguments", errors.BadInput, "1 input cannot be used", "'b' is not NAME=value",
         given={"build-args": "a=1\nb"}),
    Case("a role that is no ARN", errors.BadInput, "1 input cannot be used", "'deliver' is not the ARN of an IAM role",
         given={"role-arn": "deliver"}),
    Case("several mistakes", errors.BadInput, "3 inputs cannot be used",
         "`platforms`: 'amd64' is not a platform (like `linux/amd64`); `version`: ",
         given={"platforms": "amd64", "version": "1 2", "environment": ""}),
    Case("no such option", errors.BadInput, "No such option '--nonsense'.", given={"nonsense": "x"}),
    Case("a work folder inside the build context", errors.BadInput,
         "The work folder {app.folder}/out lies inside the build context {app.folder}",
         given={"work-dir": "{app.folder}/out"}),
    Case("a work folder that cannot be written", errors.DiskTrouble,
         "{folder}/file/work cannot be written or read", "Not a directory",
         given={"work-dir": "{folder}/file/work"}, prepare=below_a_file),
    Case("no engine", errors.EngineMissing, "There is nothing to build the image with",
         "failed to connect to the docker API", prepare=without_engine),
    Case("a BuildKit that is not there", errors.EngineMissing,
         "No BuildKit listens at unix:///nowhere/buildkitd.sock", prepare=without_buildkit),
    Case("an image of BuildKit that is none", errors.BadInput,
         "GOLDENPATH_BUILDKIT names no image: 'docker-image://'", prepare=with_an_image_that_is_none),
    Case("a checkout of another commit", errors.SourceUnusable,
         "The checkout is at {app.commit}, but this run is about {before}", prepare=run_of_another_commit),
    Case("a release tag that no image can have", errors.BadInput,
         "The release tag v1.2.3+build5 gives no version", "'1.2.3+build5' is not a version that can be a tag",
         prepare=run_of_an_odd_release_tag),
    Case("an event that cannot be read", errors.BadInput, "The event of this workflow run cannot be read",
         "event.json", prepare=run_without_its_event),
)  # fmt: skip


@pytest.mark.parametrize("case", DELIVERIES, ids=lambda case: case.name)
def test_a_delivery_that_cannot_be_says_so(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, repository: str, tmp_path: Path, case: Case
) -> None:
    before = app.commit
    place = Place(app, work, tmp_path)
    done = case.run(goldenpath, "deliver", place, repository)
    case.check(done, app=app, folder=tmp_path, before=before)
    assert untouched(emulator, repository)
    assert not (app.folder / "out").exists()
