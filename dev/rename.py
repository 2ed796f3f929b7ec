"""Put the name of an organisation's own copy of this repository in the place of ours: `make rename TO=ORG/REPO`.

Callers name the platform's workflow, roles trust it, and links lead to its pages: all of them by the repository's name.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
_NAMES, _CODEOWNERS = "src/goldenpath/shared/names.py", ".github/CODEOWNERS"
_PLATFORM = re.compile(r'^PLATFORM = "(.+)"$', re.MULTILINE)
_TEAM = re.compile(r"(?<= @)\S+/\S+")
# GitHub: "Username considerations", and what the name of a repository may consist of.
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


def main(argv: Sequence[str]) -> int:
    """Rename, write the generated files again and format what has other lengths now; return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("to", type=_slug, metavar="ORG/REPO", help="your copy of this repository on GitHub")
    parser.add_argument("--team", type=_slug, metavar="ORG/TEAM", help="who has to approve changes: CODEOWNERS")
    options = parser.parse_args(argv)
    if _git("status", "--porcelain"):
        parser.error("there are changes that are not committed; commit them, then `git restore .` can undo this")
    for path in renamed(ROOT, options.to):
        print(f"renamed in {path}")
    if options.team:
        owners = ROOT / _CODEOWNERS
        owners.write_text(_TEAM.sub(options.team, owners.read_text(encoding="utf-8")), encoding="utf-8")
    for words in (("dev/generate.py",), ("-m", "ruff", "format", "--quiet", ".")):
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True)
    print(f"this is {options.to} now: look at `git diff`, and commit; `git restore .` undoes it")
    return 0


def renamed(checkout: Path, to: str) -> Iterator[str]:
    """Write `to` in the place of the platform's present name in `checkout`; yield each file that has changed."""
    now = _PLATFORM.search((checkout / _NAMES).read_text(encoding="utf-8"))
    if not now:
        raise SystemExit(f"{_NAMES} does not say how this repository is called")
    old, new = now[1].encode(), to.encode()
    for name in _git("grep", "-lF", "-z", now[1], folder=checkout).rstrip("\0").split("\0"):
        path = checkout / name
        path.write_bytes(path.read_bytes().replace(old, new))
        yield name


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form OWNER/NAME")
    return text


def _git(*words: str, folder: Path = ROOT) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
