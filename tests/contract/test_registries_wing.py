"""The wing of the registries: every module has its test file, every class name is its own, and hard code says why."""

from __future__ import annotations

import ast
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WING = ROOT / "src" / "goldenpath" / "registries"
MODULES = sorted(path for path in WING.rglob("*.py") if path.name != "__init__.py")
LONGEST = 300
# Comments per 1,000 lines. The codebases that this one learns from have 50 to 70.
FEWEST_COMMENTS = 30
_DIRECTIVES = ("# noqa", "# fmt", "# type:")


def test_every_module_has_a_test_file_of_its_name_in_the_room_of_its_name() -> None:
    tests = ROOT / "tests" / "unit" / "registries"
    expected = {path.relative_to(WING).parent / f"test_{path.name}" for path in MODULES}
    assert {path.relative_to(tests) for path in tests.rglob("test_*.py")} == expected


def test_a_class_of_the_wing_has_a_name_that_no_other_class_has() -> None:
    names = Counter(name for path in (ROOT / "src").rglob("*.py") for name in classes(path))
    assert [name for path in MODULES for name in classes(path) if names[name] > 1] == []


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    assert [path.name for path in MODULES if len(path.read_text().splitlines()) > LONGEST] == []


def test_the_readme_names_every_module() -> None:
    readme = (WING / "README.md").read_text()
    assert [path.stem for path in MODULES if f"`{path.stem}`" not in readme] == []


def test_the_wing_says_why() -> None:
    lines = sum(len(path.read_text().splitlines()) for path in MODULES)
    assert 1000 * sum(map(comments, MODULES)) / lines > FEWEST_COMMENTS


def classes(path: Path) -> list[str]:
    return [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]


def comments(path: Path) -> int:
    with path.open("rb") as file:
        found = [token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
    return sum(not token.string.startswith(_DIRECTIVES) for token in found)
