"""What a stage may load in a workflow run is among the packages that its job installs, whatever happens there."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "bin" / "environment"))
PARTS: dict[str, tuple[str, ...]] = SCRIPT["PARTS"]
# Only where there is a terminal (`shared.console`), and there the whole list is installed.
AT_A_TERMINAL = {"rich"}
BASE = ("goldenpath.__main__", "goldenpath.cli")


def part_of_each_stage() -> dict[str, str]:
    """Return the part that `bin/goldenpath` chooses for each stage that has one."""
    lines = re.findall(r"(?m)^    ([a-z| -]+)\) needed=([a-z]+) ;;$", (ROOT / "bin" / "goldenpath").read_text())
    return {stage.strip(): part for stages, part in lines for stage in stages.split("|")}


def imported(node: ast.AST) -> Iterator[str]:
    """Yield every module that the code of `node` may import, also late; not what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (each.name for each in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from (child.module, *(f"{child.module}.{each.name}" for each in child.names))
        yield from imported(child)


def packages_of(*modules: str) -> set[str]:
    """Return the packages of others that `modules` and all that they import may load."""
    seen, found, left = set[str](), set[str](), list(modules)
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.partition(".")[0] != "goldenpath":
            found.add(name.partition(".")[0])
            continue
        path = ROOT / "src" / Path(*name.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                left.extend(imported(ast.parse(file.read_text())))
    of = metadata.packages_distributions()
    return {_plain(of[each][0]) for each in found - set(sys.stdlib_module_names) - AT_A_TERMINAL}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(("stage", "part"), part_of_each_stage().items())
def test_a_part_has_every_package_that_its_stages_may_load(stage: str, part: str) -> None:
    needed = packages_of(*BASE, f"goldenpath.delivery.stages.{stage.replace('-', '_')}")
    assert {"click", "msgspec", "pyyaml"} <= needed
    assert needed <= set(PARTS[part])


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_all_that_its_packages_depend_on(part: str) -> None:
    for name in PARTS[part]:
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert _plain(needed.name) in PARTS[part], f"{name} needs {needed.name}"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_a_part_of_the_list_with_the_same_versions_and_hashes(part: str) -> None:
    whole, chosen = (ROOT / "locks" / "runtime.txt").read_text(), SCRIPT["packages"](part)
    assert sorted(re.findall(r"(?m)^([a-z0-9-]+)==", chosen)) == sorted(PARTS[part])
    entries = re.split(r"(?m)^(?=[a-z0-9])", chosen)[1:]
    assert all(entry in whole and "--hash=sha256:" in entry for entry in entries)
    assert "".join(entries) == chosen


def test_the_parts_grow() -> None:
    assert set(PARTS["gates"]) < set(PARTS["release"])
    assert set(part_of_each_stage().values()) == set(PARTS)
