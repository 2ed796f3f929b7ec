"""The figures of one tree of the project, as rows of a table."""

from __future__ import annotations

import statistics
import tomllib
from collections import Counter
from typing import TYPE_CHECKING

from dev.code_figures import imports
from dev.code_figures.source import read_package
from dev.prose import counting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dev.code_figures.source import Module
    from dev.prose.rules import Words

_PER = 1000
# Where the code is hardest, and a reason in a comment is worth most.
_HARDEST = "release"


def figures(root: Path, words: Words) -> dict[str, str]:
    """Return every figure of the project in the folder `root`, by what it is called in the table."""
    modules = read_package(root / "src" / "goldenpath")
    return {**_sizes(modules), **_functions(modules), **_names(modules, root), **_prose(modules, root, words)} | _shape(
        modules, root
    )


def _sizes(modules: Sequence[Module]) -> dict[str, str]:
    by_wing: Counter[str] = Counter()
    for module in modules:
        by_wing[module.wing] += module.lines
    wings = {f"lines: {wing}": f"{lines:,}" for wing, lines in sorted(by_wing.items())}
    return {"modules": f"{len(modules):,}", "lines": f"{by_wing.total():,}", **wings}


def _functions(modules: Sequence[Module]) -> dict[str, str]:
    lengths = sorted(length for module in modules for length in module.functions)
    return {
        "functions": f"{len(lengths):,}",
        "lines of a function: median": f"{statistics.median(lengths):g}",
        "lines of a function: 9 of 10 have at most": str(lengths[len(lengths) * 9 // 10]),
        "lines of a function: longest": str(lengths[-1]),
    }


def _names(modules: Sequence[Module], root: Path) -> dict[str, str]:
    classes = Counter(name for module in modules for name in module.classes)
    tests = {path.name for path in (root / "tests").rglob("test_*.py")}
    untested = [module for module in modules if _needs_test(module) and f"test_{_last(module)}.py" not in tests]
    return {
        "class names that exist more than once": str(sum(count > 1 for count in classes.values())),
        "modules without a test file of their name": str(len(untested)),
    }


def _needs_test(module: Module) -> bool:
    """Whether it has code of its own: a function or a class."""
    return bool(module.functions or module.classes)


def _last(module: Module) -> str:
    return module.name.rpartition(".")[2]


def _prose(modules: Sequence[Module], root: Path, words: Words) -> dict[str, str]:
    by_file = counting.all_uses(root, words)
    uses = sum(len(in_file) for path, in_file in by_file.items() if path.parts[0] == "src")
    wings = sorted({module.wing for module in modules})
    return {
        "avoided words per 1,000 lines": _rate(uses, modules),
        "fields of errors that are no sentences": str(sum(map(len, counting.all_errors(root).values()))),
        "comment lines per 1,000": _comments(modules),
        **{
            f"comment lines per 1,000: {wing}": _comments(module for module in modules if module.wing == wing)
            for wing in wings
        },
        f"comment lines per 1,000: the release ({_HARDEST}/)": _comments(
            module for module in modules if _HARDEST in module.folder
        ),
    }


def _comments(modules: Iterable[Module]) -> str:
    counted = list(modules)
    return _rate(sum(module.comment_lines for module in counted), counted)


def _rate(count: int, modules: Iterable[Module]) -> str:
    lines = sum(module.lines for module in modules)
    return f"{count * _PER / lines:.1f}" if lines else ""


def _shape(modules: Sequence[Module], root: Path) -> dict[str, str]:
    declared = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = declared.get("tool", {}).get("importlinter", {}).get("contracts", [])
    all_arrows = imports.arrows(modules)
    return {
        "imports between modules": f"{len(all_arrows):,}",
        "imports that point up in its layers": str(len(imports.upward(all_arrows, contracts))),
        "circles between rooms": str(len(imports.circles(all_arrows))),
    }
