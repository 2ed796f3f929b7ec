"""Check that no folder uses more of the words that this project does not use: `python dev/prose_check.py [FOLDER ...]`.

Without folders, every folder is held to its limit. With folders, or with `--all`, every use in them is listed with what
to write instead. `--write` lowers the limits to the present numbers. The words: dev/prose/words.yaml; why this is not
Vale: docs/adr/0042-words.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from dev.prose import counting, rules  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dev.prose.reading import Use


def main(argv: Sequence[str]) -> int:
    """Check, list or write; 1 when a folder is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="list every use below these files and folders")
    parser.add_argument("--all", action="store_true", help="list every use")
    parser.add_argument("--write", action="store_true", help="lower the limits to the present numbers")
    options = parser.parse_args(argv)
    by_file = counting.all_uses(ROOT, rules.load())
    if options.folders or options.all:
        chosen = [folder.resolve().relative_to(ROOT) for folder in options.folders] or [Path()]
        print("\n".join(listed(by_file, chosen)))
        return 0
    return checked(by_file, counting.read_limits(), write=options.write)


def listed(by_file: Mapping[Path, list[Use]], chosen: Iterable[Path]) -> list[str]:
    """Return a line for every use in the files that are one of `chosen` or below it."""
    return [
        f"{path}:{use.line}: {use.word}: write {use.write}"
        for path, in_file in by_file.items()
        if any(path.is_relative_to(folder) for folder in chosen)
        for use in in_file
    ]


def checked(by_file: Mapping[Path, list[Use]], limits: Mapping[str, int], *, write: bool) -> int:
    """Hold every folder to its limit, or write the limits; 1 when there are more uses than before."""
    counted = counting.per_folder(by_file)
    if write and not counting.write_limits(counted, limits):
        print(f"{sum(counted.values())} uses, and {sum(limits.values())} were allowed: the limits only shrink.")
        return 1
    worse = [] if write else counting.over(counted, limits)
    for name in worse:
        files = {path: uses for path, uses in by_file.items() if counting.folder(path) == name}
        print("\n".join(listed(files, [Path()])))
        print(
            f"{name}: {counted[name]} uses of words that this project does not use; its limit is {limits.get(name, 0)}."
        )
    if worse:
        print("Write them in other words (docs/glossary.md), or undo what added them. No limit may be raised.")
        return 1
    print(f"Words: {sum(counted.values())} uses left to rewrite, no folder has more than its limit.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
