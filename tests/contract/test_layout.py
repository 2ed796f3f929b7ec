"""Tests stand where the modules stand that they are about, and bear their names."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests import error_examples, repository
from tests.tools.command import ROOT

SOURCE = ROOT / "src" / "goldenpath"
MODULES = sorted(each.relative_to(SOURCE) for each in SOURCE.rglob("*.py") if not each.name.startswith("__"))


def places(module: Path) -> list[Path]:
    """Return where the test of `module` may stand; under `tests/tools` where only real programs can show anything."""
    mirrored = module.with_name(f"test_{module.name}")
    return [ROOT / "tests" / kind / mirrored for kind in ("unit", "tools")]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_module_is_without_a_test_file_of_its_name(module: Path) -> None:
    assert any(each.is_file() for each in places(module)), f"none of {', '.join(map(str, places(module)))}"


@pytest.mark.parametrize("kind", ["unit", "tools"])
def test_a_test_file_in_the_room_of_modules_is_named_after_one_of_them(kind: str) -> None:
    """`test_<module>.py`, or `test_<module>_<topic>.py` where one file would be too long."""
    rooms = {each.parent for each in MODULES}
    strays = []
    for file in sorted((ROOT / "tests" / kind).rglob("test_*.py")):
        room = file.relative_to(ROOT / "tests" / kind).parent
        names = {each.stem for each in MODULES if each.parent == room}
        topic = file.stem.removeprefix("test_")
        if room in rooms - {Path()} and not any(topic == name or topic.startswith(f"{name}_") for name in names):
            strays.append(str(file.relative_to(ROOT)))
    assert strays == []


def test_each_class_has_a_name_of_its_own() -> None:
    declared = re.compile(r"^class (\w+)", re.MULTILINE)
    counted = Counter(name for module in MODULES for name in declared.findall((SOURCE / module).read_text()))
    assert [name for name, count in counted.items() if count > 1] == []


@pytest.mark.parametrize(("test", "code"), error_examples.BY_TEST.items(), ids=lambda word: word.partition("::")[2])
def test_the_test_that_makes_the_example_of_an_error_is_there(test: str, code: str) -> None:
    """Otherwise nothing would compare the page of `code`."""
    file, _, name = test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(), f"tests/error_examples.yaml: {code}"


def test_source_imports_no_tests() -> None:
    importing = [str(each.relative_to(ROOT)) for each in SOURCE.rglob("*.py") if "from tests" in each.read_text()]
    assert importing == []


def test_no_file_of_the_repository_but_a_picture_is_binary() -> None:
    """A package or a program comes from the lock file, by its hash."""
    others = [name for name in repository.files() if not name.endswith(".webp")]
    assert [name for name in others if b"\0" in (ROOT / name).read_bytes()[:8192]] == []
