"""Real builds of two commits: a layer whose files did not change keeps its digest, and one commit has one digest."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.local import base_images
from goldenpath.model.layout import Layout
from goldenpath.model.work import WorkFolder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command

pytestmark = pytest.mark.tools

DOCKERFILE = """FROM base
WORKDIR /app
COPY requirements.txt .
RUN cat requirements.txt > packages && date +%N > /run-at
COPY src src
COPY static static
"""


def made(folder: Path) -> App:
    app = apps.make(folder)
    files = {"requirements.txt": "one", "src/main.py": "1", "static/index.html": "<a>", "Dockerfile": DOCKERFILE}
    for name, text in files.items():
        app.write(name, text)
    app.save("Four layers")
    return app


@pytest.fixture
def app(tmp_path: Path) -> App:
    return made(tmp_path / "app")


def build(goldenpath: Command, app: App, folder: Path) -> tuple[str, ...]:
    """Return the digests of the image, and of the layers that the build made, the lowest first."""
    work = WorkFolder(folder)
    base = base_images.python_base(print).build_context
    words = (f"--source={app.folder}", f"--work-dir={work.path}", "--environment=dev", f"--build-contexts=base={base}")
    goldenpath.run("build", *words).ok()
    (image,) = Layout(work.layout).images()
    return image.descriptor.digest, *(layer.digest for layer in image.manifest.layers[1:])


def times(folder: Path) -> list[dict[str, int]]:
    layout = Layout(WorkFolder(folder).layout)
    found = []
    for layer in layout.images()[0].manifest.layers[1:]:
        content = io.BytesIO(gzip.decompress(layout.blob(layer.digest).read_bytes()))
        with tarfile.open(fileobj=content) as archive:
            found.append({member.name: int(member.mtime) for member in archive if member.isfile()})
    return found


def test_a_commit_that_changes_one_file_changes_the_layer_that_holds_it_alone(
    goldenpath: Command, app: App, tmp_path: Path
) -> None:
    before = build(goldenpath, app, tmp_path / "before")
    app.write("src/main.py", "2").save("Another number")
    after = build(goldenpath, app, tmp_path / "after")
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True, True, False, True]
