"""When what a layer is made from last changed, by real histories."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.delivery.layers.test_rewrite import save

from goldenpath.delivery.layers.layer_history import LayerHistory
from goldenpath.delivery.model.layer_inputs import ContextPath, LayerInputs, LayerKind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App

pytestmark = pytest.mark.tools

DOCKERFILE = "FROM base\nCOPY one /\nCOPY web /web\n"


def day(number: int) -> int:
    return int(datetime(2026, 5, number, tzinfo=UTC).timestamp())


def on(number: int) -> str:
    return f"2026-05-{number:02}T00:00:00Z"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """An app with a commit on each day: of a file, a folder, ignored files, the Dockerfile, and of a branch."""
    made = apps.make(tmp_path_factory.mktemp("history") / "app")
    files = {
        "one": "1",
        "web/a.js": "1",
        "web/[b].js": "1",
        "docs/index.md": "1",
        "sub/Dockerfile": DOCKERFILE,
        ".x/a": "1",
    }
    for name, text in {**files, ".dockerignore": "**/*.md\n!keep.md\n", "web/a.md": "1"}.items():
        made.write(name, text)
    (made.folder / "link").symlink_to("one")
    save(made, on(1))
    days = {
        2: {"one": "2"},
        3: {"web/[b].js": "2"},
        4: {"web/a.md": "2", "docs/index.md": "2"},
        5: {"sub/Dockerfile": DOCKERFILE + "RUN true\n"},
    }
    for number, changed in days.items():
        for name, text in changed.items():
            made.write(name, text)
        save(made, on(number))
    made.git("checkout", "--quiet", "-b", "side", "HEAD~2")
    save(made.write("web/c.js", "1"), on(6))
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    save(made, on(7))
    save(made.write("other", "1"), on(8))
    (made.folder / "web" / "a.js").chmod(0o755)
    save(made, on(9))
    save(made.write("last", "1"), on(10))
    return made


def history(app: App, *added: Path, **contexts: Path) -> LayerHistory:
    folders = {"context": app.folder, **contexts}
    return LayerHistory(app.folder, app.commit, day(10), app.folder / "sub" / "Dockerfile", folders, added)


def layer(*paths: str, line: int = 1, context: str = "context") -> LayerInputs:
    return LayerInputs(LayerKind.COPY, frozenset(ContextPath(context, each) for each in paths), line)


@pytest.mark.parametrize(
    ("made_from", "expected"),
    [
        (layer(), 1),
        (layer("/one"), 2),
        (layer("/one", "/web/[[]b].js"), 3),
        (layer("/web/[[]b].js"), 3),
        (layer("/web/\\[b].js"), 3),
        # A branch brought a file: it is there from the merge on.
        (layer("/web/c.*"), 7),
        # A mode is part of a layer.
        (layer("/web"), 9),
        (layer("/w*/a.js"), 9),
        (layer("/"), 10),
        # The last line of the Dockerfile that has a part, and all of it where that is unknown.
        (layer("/one", line=3), 2),
        (layer("/one", line=4), 5),
        (layer("/one", line=0), 5),
        # Nothing that a commit holds.
        (layer("/nowhere"), 10),
        (layer("/a", context="unknown"), 10),
        # The file lies elsewhere.
        (layer("/link"), 10),
        # Files that are not sent to the build.
        (layer("/docs"), 10),
    ],
)
def test_a_layer_has_the_time_of_the_last_commit_that_changed_what_it_is_made_from(
    app: App, made_from: LayerInputs, expected: int
) -> None:
    assert history(app).times([made_from]) == [day(expected)]


def test_a_file_that_no_commit_holds_makes_its_layer_as_new_as_the_commit(app: App) -> None:
    jar = app.folder / "web" / "lib" / "app.jar"
    paths = ["/one", "/web", "/web/lib", "/web/lib/*.jar", "/web/a.js"]
    found = history(app, jar).times([layer(each) for each in paths])
    assert found == [day(each) for each in (2, 10, 10, 10, 9)]


def test_a_named_context_in_the_repository_has_a_history_of_its_own(app: App, tmp_path: Path) -> None:
    contexts = {"web": app.folder / "web", "hidden": app.folder / ".x", "elsewhere": tmp_path}
    paths = {"web": "/[[]b].js", "hidden": "/a", "elsewhere": "/"}
    found = history(app, **contexts).times([layer(path, context=name) for name, path in paths.items()])
    assert found == [day(3), day(1), day(10)]


def test_a_dockerfile_of_no_commit_makes_every_layer_as_new_as_the_commit(app: App, tmp_path: Path) -> None:
    outside = LayerHistory(app.folder, app.commit, day(10), tmp_path / "Dockerfile", {"context": app.folder})
    assert outside.times([layer("/one")]) == [day(10)]
