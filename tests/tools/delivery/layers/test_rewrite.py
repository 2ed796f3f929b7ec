"""Real builds of two commits: a layer whose files did not change keeps its digest, and one commit has one digest."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.demo import sample
from goldenpath.local.engine import buildkit
from goldenpath.local.images import base_images
from goldenpath.shared import process
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command

pytestmark = pytest.mark.tools

DOCKERFILE = """FROM base
RUN mkdir /data && date {date} > /data/made && touch -d 2001-02-03T04:05:06Z /data/old
WORKDIR /app
COPY package.json run.sh ./
RUN chmod 755 run.sh && cp -p package.json /data
COPY . .
COPY static /static
"""
LAYERS = ("a folder", "/app", "two files", "modes", "everything", "pages")


@pytest.fixture
def app(tmp_path: Path) -> App:
    app = apps.make(tmp_path / "app")
    files = {
        ".dockerignore": ".git",
        "package.json": secrets.token_hex(8),
        "run.sh": "#!/bin/sh\n",
        "static/index.html": "<a>",
    }
    for name, text in {**files, "src/main.py": "1", "Dockerfile": DOCKERFILE.format(date="+%N")}.items():
        app.write(name, text)
    save(app, "2026-02-01T10:00:00Z")
    return app


@pytest.fixture
def cold(tmp_path: Path) -> Iterator[str]:
    """The address of a BuildKit whose cache is empty."""
    folder = tmp_path / "b"
    daemon = buildkit.describe(folder, Toolchain.load())
    assert daemon
    daemon.start(lambda: buildkit.is_listening(folder))
    try:
        yield f"unix://{buildkit.socket_of(folder)}"
    finally:
        daemon.stop()


def save(app: App, date: str) -> None:
    """Commit the working tree at a date of its own: the commits of other tests all have one."""
    app.git("add", "--all")
    dates = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date, "HOME": str(app.folder)}
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    words = ("commit", "--quiet", "--no-gpg-sign", "--message=A change")
    process.run("git", "-C", app.folder, *author, *words, timeout=sample.GIT_TIMEOUT, environment=dates)


def build(goldenpath: Command, source: Path, folder: Path, **more: str) -> tuple[str, ...]:
    """Return the digests of the image, and of the layers that the build made, the lowest first."""
    work = WorkFolder(folder)
    base = base_images.python_base(print).build_context
    words = (f"--source={source}", f"--work-dir={work.path}", "--environment=dev", f"--build-contexts=base={base}")
    goldenpath.run("build", *words, more=more).ok()
    (image,) = Layout(work.layout).images()
    return image.descriptor.digest, *(layer.digest for layer in image.manifest.layers[-len(LAYERS) :])


def clone(app: App, folder: Path) -> Path:
    """Return a fresh checkout of the newest commit."""
    app.git("clone", "--quiet", str(app.folder), str(folder))
    app.git("-C", str(folder), "remote", "set-url", "origin", f"https://github.com/{app.slug}.git")
    return folder


def test_a_commit_that_changes_one_file_changes_the_layer_that_holds_it_alone(
    goldenpath: Command, app: App, tmp_path: Path
) -> None:
    before = build(goldenpath, app.folder, tmp_path / "before")
    app.write("src/main.py", "2")
    save(app, "2026-03-01T10:00:00Z")
    after = build(goldenpath, clone(app, tmp_path / "clone"), tmp_path / "after")
    changed = [name for name, old, new in zip(("image", *LAYERS), before, after, strict=True) if old != new]
    assert changed == ["image", "everything"]


def test_a_commit_has_one_digest_with_a_kept_cache_and_without_in_any_checkout(
    goldenpath: Command, app: App, cold: str, tmp_path: Path
) -> None:
    app.write("Dockerfile", DOCKERFILE.format(date="--date=@1"))
    save(app, "2026-02-01T11:00:00Z")
    first = build(goldenpath, app.folder, tmp_path / "first")
    app.write("src/main.py", "2")
    save(app, "2026-03-01T10:00:00Z")
    second = build(goldenpath, clone(app, tmp_path / "fresh"), tmp_path / "second")
    # A checkout that was kept for long: its files are older than their commits.
    for path in app.folder.rglob("*"):
        if ".git" not in path.parts:
            os.utime(path, (1_600_000_000, 1_600_000_000))
    assert build(goldenpath, app.folder, tmp_path / "cold", GOLDENPATH_BUILDKIT=cold) == second
    # What the cache holds of the first commit is now older than the last change of its files.
    app.write("src/main.py", "1")
    save(app, "2026-04-01T10:00:00Z")
    reverted = build(goldenpath, clone(app, tmp_path / "again"), tmp_path / "reverted")
    assert build(goldenpath, app.folder, tmp_path / "cold again", GOLDENPATH_BUILDKIT=cold) == reverted
    assert reverted != first
