"""What is said once and held everywhere: generated files, the direction of imports, docstrings, and sizes."""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dev import generate

from goldenpath.shared import process

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "goldenpath"
PACKAGE = {"PYTHONPATH": str(ROOT / "src")}
LONGEST_FUNCTION, MEDIAN_FUNCTION, LONGEST_MODULE = 50, 12, 300


def checked(*words: str) -> str:
    """Run a checker of this environment in the repository, and return what it said."""
    interpreter = Path(sys.executable)
    done = process.run(
        interpreter, *words, timeout=60, cwd=ROOT, environment=PACKAGE, accept=range(256)
    )  # fmt: skip
    assert done.code == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def functions() -> Iterator[tuple[str, int]]:
    """Yield every function of the package, by its place, and how many lines it has."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                yield place, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_generated_file_differs_from_what_the_code_declares(capsys: pytest.CaptureFixture[str]) -> None:
    code = generate.main(["--check"])
    assert (code, capsys.readouterr().out) == (0, "nothing is stale\n")


def test_a_generated_file_that_was_changed_by_hand_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ROOT / "action.yml"
    monkeypatch.setattr(generate, "generated", lambda: {path: path.read_text(encoding="utf-8") + "# by hand\n"})
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out == "stale: action.yml\n"


def test_imports_point_downwards_only() -> None:
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    assert re.search(r"[1-9]\d* kept, 0 broken", checked("-c", lint))


def test_every_public_name_has_a_docstring() -> None:
    assert "PASSED (minimum: 100.0%" in checked("-m", "interrogate", "src/goldenpath")


def test_no_function_is_longer_than_a_screen_and_half_of_them_are_short() -> None:
    sizes = dict(functions())
    assert [place for place, lines in sizes.items() if lines > LONGEST_FUNCTION] == []
    assert statistics.median(sizes.values()) <= MEDIAN_FUNCTION


def test_no_module_is_longer_than_can_be_read_in_one_sitting() -> None:
    sizes = {path.relative_to(ROOT): len(path.read_bytes().splitlines()) for path in SOURCE.rglob("*.py")}
    assert {path: lines for path, lines in sizes.items() if lines > LONGEST_MODULE} == {}
