"""No code of an app can read a credential of the platform: a hostile Dockerfile and a hostile base image look for them.

Every place where a job that builds could have one holds a marked one. What a RUN step finds, it leaves in the image.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
from tests.tools import small_images

from goldenpath.delivery.model.layout import Layout
from goldenpath.local.engine import debian
from goldenpath.local.images import base_images
from goldenpath.shared import runner
from goldenpath.shared.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command, Ended

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not debian.may_install(), reason="a stand-in base image needs root on Debian or Ubuntu"),
]

MARK = "marked-credential-"
# What GitHub, AWS, Docker and this platform give to a job, by the name of the variable.
VARIABLES = (
    "ACTIONS_CACHE_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RESULTS_URL",
    "ACTIONS_RUNTIME_TOKEN", "ACTIONS_RUNTIME_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "BASES_LOGINS", "DOCKER_AUTH_CONFIG", "GH_TOKEN", "GITHUB_TOKEN",
    "INPUT_BASES_LOGINS", "TF_AWS_IAM_ROLE_BASES", "TF_AWS_IAM_ROLE_PROD",
)  # fmt: skip
# Where programs of a job keep theirs: below the home folder, the runner's temporary one, and the work folder.
FILES = (
    "home/.aws/credentials", "home/.aws/sso/cache/token.json", "home/.config/gh/hosts.yml", "home/.docker/config.json",
    "home/.git-credentials", "home/.netrc", "home/.ssh/id_ed25519", "temp/_github_workflow/event.json",
    "temp/git-credentials.config", "work/token",
)  # fmt: skip
# In two words, so that the Dockerfile, which is in the image's history, holds no mark.
SEARCH = r"""#!/bin/sh
mark="marked-""credential-"
mkdir -p /seen
{
  env
  set
  cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/keys /proc/self/mountinfo 2> /dev/null | tr '\0' '\n'
  # Whatever was mounted, and the folders of every process that is in sight.
  for place in $(awk '{ print $5 }' /proc/self/mountinfo) /proc/[0-9]*/root/tmp /proc/[0-9]*/cwd; do
    case $place in /proc | /proc/[a-z]* | /sys* | /dev*) continue ;; esac
    find "$place/" -xdev -type f -size -1024k ! -path '/usr/*' ! -path '/proc/*' -exec cat {} + 2> /dev/null
  done
} | grep -a -o -E "$mark[A-Za-z0-9_./-]+" | sort -u > "/seen/$1"
find / -xdev -type s ! -path '/proc/*' > "/seen/$1.sockets"
echo searched >> "/seen/$1.searched"
"""


@pytest.fixture
def places(tmp_path: Path) -> Mapping[str, str]:
    """Write every marked file, and return the variables of a job that holds every marked credential."""
    for name in FILES:
        path = tmp_path / "job" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # buildx reads Docker's own, so that one must be valid.
        text = f'{{"HttpHeaders": {{"x": "{MARK}{name}"}}}}' if name.endswith("config.json") else f"{MARK}{name}"
        path.write_text(f"{text}\n")
    folders = {
        "HOME": str(tmp_path / "job" / "home"), "RUNNER_TEMP": str(tmp_path / "job" / "temp"),
        "DOCKER_CONFIG": str(tmp_path / "job" / "home" / ".docker"), "GOLDENPATH_CACHE": str(runner.cache_dir()),
    }  # fmt: skip
    return {**{name: MARK + name for name in VARIABLES}, **folders}


@pytest.fixture
def other_process(places: Mapping[str, str]) -> Iterator[None]:
    """Another process of the job, which holds them too."""
    waiting = [sys.executable, "-c", "input()", f"{MARK}of-a-command-line"]
    with subprocess.Popen(waiting, env={**os.environ, **places}, stdin=subprocess.PIPE) as child:
        yield
        child.kill()


def build(
    goldenpath: Command, app: App, work: WorkFolder, places: Mapping[str, str], *words: str, context: str = ""
) -> Ended:
    base = f"--build-contexts=base={base_images.python_base(print).build_context}\n{context}"
    where = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", base)
    (work.path / "token").parent.mkdir(parents=True, exist_ok=True)
    (work.path / "token").write_text(f"{MARK}work")
    # What a program is given when it starts is in /proc, too.
    return goldenpath.run_from_its_start("build", *where, *words, more=places)


def seen_in(layout: Layout) -> dict[str, bytes]:
    """Return what the search left in the layers of the one image in `layout`."""
    found: dict[str, bytes] = {}
    (image,) = layout.images()
    for layer in image.manifest.layers:
        content = gzip.decompress(layout.blob(layer.digest).read_bytes())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.startswith("seen/") else None
                if file is not None:
                    found[member.name] = file.read()
    return found


def texts(layout: Layout) -> bytes:
    """Return the image's configuration and manifest."""
    (image,) = layout.images()
    blobs = (image.descriptor.digest, image.manifest.config.digest)
    return b"".join(layout.blob(each).read_bytes() for each in blobs)


def test_a_hostile_dockerfile_and_a_hostile_base_image_find_no_credential(
    goldenpath: Command, app: App, work: WorkFolder, places: Mapping[str, str], other_process: None, tmp_path: Path
) -> None:
    app.write("look", SEARCH).write(
        "Dockerfile",
        "FROM hostile\n"
        "RUN --mount=type=secret,id=GITHUB_TOKEN --mount=type=secret,id=npm --mount=type=ssh "
        "--mount=type=cache,target=/cache sh /look dockerfile\n",
    ).save()
    # A base image brings steps of its own, which run in the build of the image that begins from it.
    base = Layout(base_images.python_base(print).folder)
    hostile = small_images.derived(base, tmp_path / "hostile", OnBuild=["COPY look /look", "RUN sh /look base"])
    context = f"hostile=oci-layout://{hostile.path}@{hostile.root().digest}"
    ended = build(goldenpath, app, work, places, context=context).ok()
    image = Layout(work.layout)
    assert seen_in(image) == {
        f"seen/{who}{end}": content
        for who in ("base", "dockerfile")
        for end, content in (("", b""), (".sockets", b""), (".searched", b"searched\n"))
    }
    assert MARK.encode() not in texts(image)
    assert MARK not in ended.text


def test_what_leaks_is_found_by_the_same_search(
    goldenpath: Command, app: App, work: WorkFolder, places: Mapping[str, str]
) -> None:
    """A build argument that holds a token, and a folder of the job as a build context."""
    step = "ARG LEAK\nRUN --mount=from=job,target=/job sh /look it\n"
    app.write("look", SEARCH).write("Dockerfile", f"FROM base\nCOPY look /look\n{step}").save()
    token = places["GITHUB_TOKEN"]
    build(goldenpath, app, work, places, f"--build-args=LEAK={token}", context=f"job={places['HOME']}").ok()
    found = seen_in(Layout(work.layout))["seen/it"].decode().split()
    assert set(found) == {token, *(f"{MARK}{name}" for name in FILES if name.startswith("home/"))}


@pytest.mark.parametrize("option", ["--network=host", "--security=insecure"])
def test_a_step_that_wants_to_leave_its_container_is_not_built(
    goldenpath: Command, app: App, work: WorkFolder, places: Mapping[str, str], option: str
) -> None:
    app.write("look", SEARCH).write("Dockerfile", f"FROM base\nRUN {option} true\n").save()
    ended = build(goldenpath, app, work, places)
    assert ended.code == BuildFailed.exit_code
    assert "is not allowed" in ended.text
