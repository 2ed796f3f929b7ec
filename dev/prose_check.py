"""Check words that this project does not use, and the sentences of errors: `python dev/prose_check.py [FOLDER ...]`.

Without folders, every folder is held to its limits. With folders, or with `--all`, every use in them is listed with
what to write instead. `--write` lowers the limits to the present numbers. The words: dev/prose/words.yaml; why this is
not Vale: docs/adr/0042-words.md.
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
    words, errors = counting.all_uses(ROOT, rules.load()), counting.all_errors(ROOT)
    if options.folders or options.all:
        chosen = [folder.resolve().relative_to(ROOT) for folder in options.folders] or [Path()]
        print("\n".join([*listed(words, chosen), *listed(errors, chosen)]))
        return 0
    failed = [
        checked(words, "words to avoid", counting.LIMITS, write=options.write),
        checked(errors, "fields of errors that are no sentences", counting.ERROR_LIMITS, write=options.write),
    ]
    return max(failed)


def listed(by_file: Mapping[Path, list[Use]], chosen: Iterable[Path]) -> list[str]:
    """Return a line for every use in the files that are one of `chosen` or below it."""
    return [
        f"{path}:{use.line}: {use.word}: write {use.write}"
        for path, in_file in by_file.items()
        if any(path.is_relative_to(folder) for folder in chosen)
        for use in in_file
    ]


def checked(by_file: Mapping[Path, list[Use]], kind: str, limits_file: Path, *, write: bool) -> int:
    """Hold every folder to its limit, or write the limits; 1 when there are more uses of this `kind` than before."""
    counted, limits = counting.per_folder(by_file), counting.read_limits(limits_file)
    if write and not counting.write_limits(counted, limits, limits_file):
        print(f"{sum(counted.values())} {kind}, and {sum(limits.values())} were allowed: the limits only shrink.")
        return 1
    worse = [] if write else counting.over(counted, limits)
    for name in worse:
        files = {path: uses for path, uses in by_file.items() if counting.folder(path) == name}
        print("\n".join(listed(files, [Path()])))
        print(f"{name}: {counted[name]} {kind}; its limit is {limits.get(name, 0)}.")
    if worse:
        print("Write them in other words (docs/glossary.md), or undo what added them. No limit may be raised.")
        return 1
    print(f"{sum(counted.values())} {kind} are left to rewrite; no folder has more than its limit.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
