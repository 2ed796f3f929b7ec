"""The figures of the code: what is counted in a module, which imports point up, and the table of several trees."""

from __future__ import annotations

from pathlib import Path

import pytest
from dev import figures
from dev.code_figures import imports, source, tree
from dev.prose import rules

LAYERS = {"type": "layers", "containers": ["goldenpath"], "layers": ["cli", "delivery | registries", "shared"]}
MODULE = '''"""Release."""  # a reason
# Another reason.
from goldenpath.shared import errors  # noqa: F401


class Release:
    """One."""

    def undo(self):
        """Undo."""
        return None
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "src/goldenpath/__init__.py": "",
        "src/goldenpath/delivery/release/undo.py": MODULE,
        "src/goldenpath/delivery/release/again.py": "class Release: ...\n\n\ndef found(): ...\n",
        "src/goldenpath/shared/errors.py": "def told(): ...\n",
        "tests/unit/delivery/test_undo.py": "",
        "pyproject.toml": '[tool.importlinter]\ncontracts = [{type = "layers", containers = ["goldenpath"], '
        'layers = ["shared", "delivery"]}]\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_module_is_counted_without_what_is_said_to_programs(project: Path) -> None:
    (_, _, module, _) = source.read_package(project / "src" / "goldenpath")
    assert module == source.Module(
        name="goldenpath.delivery.release.undo",
        folder=("delivery", "release"),
        lines=11,
        comment_lines=2,
        functions=(3,),
        classes=("Release",),
        imports=frozenset({"goldenpath.shared.errors"}),
    )


def test_the_figures_of_a_tree(project: Path) -> None:
    counted = tree.figures(project, rules.load())
    assert {name: counted[name] for name in counted if not name.startswith("lines of")} == {
        "modules": "4",
        "lines": "16",
        "lines: delivery": "15",
        "lines: shared": "1",
        "lines: top": "0",
        "functions": "3",
        "class names that exist more than once": "1",
        "modules without a test file of their name": "2",
        "avoided words per 1,000 lines": "125.0",
        "fields of errors that are no sentences": "0",
        "comment lines per 1,000": "125.0",
        "comment lines per 1,000: delivery": "133.3",
        "comment lines per 1,000: shared": "0.0",
        "comment lines per 1,000: top": "",
        "comment lines per 1,000: the release (release/)": "133.3",
        "imports between modules": "1",
        "imports that point up in its layers": "1",
        "circles between rooms": "0",
    }
    assert counted["lines of a function: longest"] == "3"


@pytest.mark.parametrize(
    ("arrow", "points_up"),
    [
        (("goldenpath.cli", "goldenpath.shared.errors"), False),
        (("goldenpath.shared.errors", "goldenpath.delivery.stage"), True),
        (("goldenpath.registries.apply", "goldenpath.delivery.stage"), True),
        (("goldenpath.delivery.release.undo", "goldenpath.delivery.stage"), False),
        (("goldenpath.shared.errors", "goldenpath.elsewhere"), False),
    ],
)
def test_an_import_points_up_to_a_higher_layer_or_beside_its_own(arrow: tuple[str, str], points_up: bool) -> None:
    assert imports.upward([arrow], [LAYERS]) == ([arrow] if points_up else [])


def test_rooms_that_import_one_another_are_a_circle_whatever_their_modules_are() -> None:
    arrows = [
        ("goldenpath.delivery.image.copy", "goldenpath.delivery.registry.blobs"),
        ("goldenpath.delivery.registry.tags", "goldenpath.delivery.image.layout"),
        ("goldenpath.delivery.image.copy", "goldenpath.delivery.image.layout"),
        ("goldenpath.delivery.release.undo", "goldenpath.delivery.image.copy"),
    ]
    assert imports.circles(arrows) == [("goldenpath.delivery.image", "goldenpath.delivery.registry")]
    assert imports.circles(arrows[1:]) == []


def test_an_import_of_a_name_is_one_of_the_module_that_defines_it() -> None:
    def module(name: str, *imported: str) -> source.Module:
        return source.Module(
            name=name, folder=(), lines=1, comment_lines=0, functions=(), classes=(), imports=frozenset(imported)
        )

    modules = [module("goldenpath.a", "goldenpath.b.Name", "msgspec.Struct"), module("goldenpath.b", "goldenpath.b.x")]
    assert imports.arrows(modules) == {("goldenpath.a", "goldenpath.b")}


def test_two_trees_are_columns_and_a_figure_that_one_lacks_is_empty() -> None:
    assert figures.table({"main": {"lines": "9", "lines: old": "9"}, "now": {"lines": "8"}}) == (
        "| figure | main | now |\n| --- | ---: | ---: |\n| lines | 9 | 8 |\n| lines: old | 9 |  |"
    )


def test_a_commit_is_measured_without_touching_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[bool] = []

    def record(root: Path, _: rules.Words) -> dict[str, str]:
        measured.append((root / "pyproject.toml").is_file() and root != figures.ROOT)
        return {"lines": "1"}

    monkeypatch.setattr(tree, "figures", record)
    assert figures.at_commit("HEAD", rules.load()) == {"lines": "1"}
    assert measured == [True]
