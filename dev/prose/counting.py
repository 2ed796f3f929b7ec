"""How often each folder uses such words, held against the numbers of `limits.yaml`, which can only shrink."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from dev.prose import sentences
from dev.prose.reading import SUFFIXES, Use, uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dev.prose.rules import Words

LIMITS = Path(__file__).resolve().parent / "limits.yaml"
ERROR_LIMITS = Path(__file__).resolve().parent / "error_limits.yaml"
# What is read; the two documents at the top are counted as the folder `.`.
PLACES = ("src", "dev", "bin", "scripts", "docs", "modules", "actions", ".github", "README.md", "CONTRIBUTING.md")
# An old decision is a record, which is not written again. Measurements and the words themselves are data.
_LAST_OLD_DECISION = "0029"
_DATA = ("words.yaml", "limits.yaml", "error_limits.yaml", "growth.md", "performance.md")
_HEADER = """\
# How often each folder may do what `python dev/prose_check.py` counts. Only ever lowered:
# `python dev/prose_check.py --write` writes the present numbers, and refuses when their sum would grow.
"""


def files(root: Path) -> Iterator[Path]:
    """Yield the files below `root` whose words are checked, in order."""
    for place in PLACES:
        start = root / place
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and not _is_record(path):
                yield path


def _is_record(path: Path) -> bool:
    is_old_decision = path.parent.name == "adr" and path.name[:4] <= _LAST_OLD_DECISION and path.name != "README.md"
    return is_old_decision or path.name in _DATA or "__pycache__" in path.parts


def folder(path: Path) -> str:
    """Return the folder that the file `path`, relative to the root, is counted in: a room of src, or a top folder."""
    if path.parts[0] != "src":
        return path.parts[0] if len(path.parts) > 1 else "."
    return "/".join(path.parent.parts[:4])


def all_uses(root: Path, words: Words) -> dict[Path, list[Use]]:
    """Return the uses in every file below `root`, keyed by its path there; files without one are left out."""
    by_file = ((path.relative_to(root), uses(path, words)) for path in files(root))
    return {path: in_file for path, in_file in by_file if in_file}


def all_errors(root: Path) -> dict[Path, list[Use]]:
    """Return, like `all_uses`, the fields of errors that are no sentences."""
    modules = sorted((root / "src").rglob("*.py"))
    # Looked up by the name: an earlier commit has it in another place, or as a folder.
    family = (module for module in modules if "errors" in module.with_suffix("").parts)
    names = frozenset(name for module in family for name in sentences.family(module))
    by_file = {path.relative_to(root): sentences.uses(path.read_text(encoding="utf-8"), names) for path in modules}
    return {path: in_file for path, in_file in by_file.items() if in_file}


def per_folder(by_file: Mapping[Path, list[Use]]) -> Counter[str]:
    """Return how many uses each folder has."""
    counted: Counter[str] = Counter()
    for path, in_file in by_file.items():
        counted[folder(path)] += len(in_file)
    return counted


def read_limits(path: Path = LIMITS) -> dict[str, int]:
    """Read the limit of every folder; a folder without one may have no use."""
    limits: dict[str, int] | None = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    return limits or {}


def over(counted: Mapping[str, int], limits: Mapping[str, int]) -> list[str]:
    """Return the folders that have more uses than their limit."""
    return sorted(name for name, count in counted.items() if count > limits.get(name, 0))


def write_limits(counted: Mapping[str, int], limits: Mapping[str, int], path: Path = LIMITS) -> bool:
    """Write the present numbers; return false, and write nothing, when their sum would grow.

    A single number may grow: code moves from folder to folder.
    """
    if limits and sum(counted.values()) > sum(limits.values()):
        return False
    lines = [f"{name}: {count}\n" for name, count in sorted(counted.items()) if count]
    path.write_text(_HEADER + "".join(lines), encoding="utf-8")
    return True
