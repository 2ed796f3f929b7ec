"""Real BuildKit lists the base images of a Dockerfile, and builds from what they were when it listed them."""

from __future__ import annotations

import http.server
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.test_build import blob, stage

from goldenpath.model.base_image import BaseImage
from goldenpath.model.layout import Layout
from goldenpath.model.names import Digest
from goldenpath.model.work import WorkFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command

pytestmark = pytest.mark.tools

DOCKERFILE = """\
ARG NAME=base
FROM {host}/team/$NAME AS one
COPY --from={host}/team/tools:2 /hello /tools
COPY --from=named /hello /named
FROM one
COPY --link rootfs /
"""


@dataclass
class Registry:
    """A registry that serves images from layouts: the tag of a request goes back to the next of `images`, in turn."""

    images: list[Layout]
    by_tag: list[str] = field(default_factory=list)
    host: str = ""

    def answer(self, path: str) -> tuple[str, bytes]:
        """Return the type and the bytes of what is at `path`."""
        _, kind, reference = path.rsplit("/", 2)
        if kind == "manifests" and ":" not in reference:
            self.by_tag.append(path)
            image = self.images[min(len(self.by_tag), len(self.images)) - 1]
            return image.root().media_type, image.manifest_bytes(image.root())
        (content,) = {
            file.read_bytes()
            for image in self.images
            if (file := image.path / "blobs" / "sha256" / reference.removeprefix("sha256:")).is_file()
        }
        return self.images[0].root().media_type if kind == "manifests" else "application/octet-stream", content


@pytest.fixture
def registry() -> Iterator[Registry]:
    served = Registry([])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media_type, content = ("text/plain", b"") if self.path == "/v2/" else served.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            # With it one request by tag is enough.
            self.send_header("Docker-Content-Digest", Digest.of(content))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815  http.server's own name

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def base(goldenpath: Command, folder: Path, content: str) -> tuple[Layout, Digest]:
    """Return an image that holds a file, and its digest."""
    work = WorkFolder(folder / "base-work")
    app = apps.make(folder / "base", Dockerfile="FROM scratch\nCOPY hello /\n", hello=content)
    stage(goldenpath, "build", app, work).ok()
    return Layout(work.layout), work.read_candidate().digest


def test_base_images_are_resolved_before_the_build_and_recorded(
    goldenpath: Command, app: App, work: WorkFolder, registry: Registry, tmp_path: Path
) -> None:
    image, digest = base(goldenpath, tmp_path / "a", "first")
    later, _ = base(goldenpath, tmp_path / "b", "a tag that moved")
    host = registry.host
    # Listing looks up three names, and then the one of the named context; who looks again gets the later image.
    registry.images = [image] * 4 + [later]
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
