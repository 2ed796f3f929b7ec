"""The repository that the rows of checkout speak of, as it is at its host."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME = "octo/app"
# A commit, the branch or pull request that it is the newest of, and its parents.
_COMMITS = (
    ("c1", "heads/main", ()), ("c2", "heads/main", ("c1",)), ("c3", "heads/main-2", ("c2",)),
    ("c4", "heads/main", ("c3",)), ("f1", "heads/feature/x", ("c2",)), ("merge", "pull/7/merge", ("c3", "f1")),
)  # fmt: skip
_WHO = "dev <dev@example.com> 1700000000 +0000"


def make(folder: Path) -> dict[str, str]:
    """Make it in the new `folder`, bare, and return its commits by their names in the rows.

    `main` moved on from `c3` to `c4` after the run began; `v1` is a tag of `c1`, `v2` an annotated one of `c2`; pull
    request 7 wants to merge `feature/x`.
    """
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    marks = folder / "marks"
    _git("-C", str(folder), "fast-import", "--quiet", f"--export-marks={marks}", given=_stream())
    _git("-C", str(folder), "config", "uploadpack.allowAnySHA1InWant", "true")
    made = dict(line.removeprefix(":").split() for line in marks.read_text(encoding="utf-8").splitlines())
    return {name: made[str(number)] for number, (name, _, _) in enumerate(_COMMITS, 1)}


def _stream() -> str:
    """Return it in the language of git-fast-import(1)."""
    numbers = {name: number for number, (name, _, _) in enumerate(_COMMITS, 1)}
    commits = "".join(_commit(name, ref, [numbers[each] for each in above]) for name, ref, above in _COMMITS)
    refs = {"refs/pull/7/head": "f1", "refs/tags/v1": "c1"}
    return (
        commits
        + "".join(f"reset {ref}\nfrom :{numbers[name]}\n\n" for ref, name in refs.items())
        + f"tag v2\nfrom :{numbers['c2']}\ntagger {_WHO}\n{_data('v2')}"
    )


def _commit(name: str, ref: str, parents: list[int]) -> str:
    number = [each for each, _, _ in _COMMITS].index(name) + 1
    above = "".join(f"{'merge' if place else 'from'} :{parent}\n" for place, parent in enumerate(parents))
    files = f"M 100644 inline .gitignore\n{_data('ignored')}M 100644 inline file\n{_data(name)}"
    about = f"reset refs/{ref}\ncommit refs/{ref}\nmark :{number}\ncommitter {_WHO}\n{_data(name)}"
    return f"{about}{above}deleteall\n{files}\n"


def _data(text: str) -> str:
    return f"data {len(text)}\n{text}\n"


def _git(*words: str, given: str = "") -> None:
    subprocess.run(["git", *words], input=given, capture_output=True, text=True, check=True)
