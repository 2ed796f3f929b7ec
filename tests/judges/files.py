"""Collects every workflow and action of this repository, and completes the fragments that pages show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tools.command import ROOT

TEMPLATE = ROOT / "docs" / "templates" / "workflows" / "delivery.yml"
_FRAGMENT = re.compile(r"```ya?ml\n(.*?)```", re.DOTALL)
_OF_WORKFLOW = re.compile(r"(?m)^ *(- )?(uses|runs-on|runners?|on|jobs|steps):")
_STEPS = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n"


@dataclass(frozen=True)
class File:
    """A file for GitHub: its name in tests, its `path` in a repository, and its text."""

    name: str
    path: str
    text: str

    def __str__(self) -> str:
        return self.name


def workflows() -> list[File]:
    """Return the workflows of this repository."""
    return [_whole(path) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]


def actions() -> list[File]:
    """Return the actions of this repository."""
    return [_whole(path) for path in (ROOT / "action.yml", *sorted((ROOT / "actions").glob("*/action.yml")))]


def callers() -> list[File]:
    """Return the workflows that apps copy: templates, examples, and fragments on pages."""
    examples = sorted((ROOT / "examples").glob("*/.github/workflows/*.yml"))
    return [*map(_copied, (*sorted(TEMPLATE.parent.glob("*.yml")), *examples)), *_fragments()]


def _whole(path: Path) -> File:
    name = str(path.relative_to(ROOT))
    return File(name, name, path.read_text())


def _copied(path: Path) -> File:
    return File(str(path.relative_to(ROOT)), f".github/workflows/{path.name}", path.read_text())


def _fragments() -> Iterator[File]:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")),
                 *sorted((ROOT / "examples").rglob("*.md"))):  # fmt: skip
        for number, fragment in enumerate(_FRAGMENT.findall(page.read_text()), 1):
            for part in _parts(fragment) if _OF_WORKFLOW.search(fragment) else ():
                name = f"{page.relative_to(ROOT)}, fragment {number}"
                yield File(name, ".github/workflows/fragment.yml", _completed(part))


def _parts(fragment: str) -> list[str]:
    """Return the inputs that `fragment` shows, one by one: they may be alternatives. Else the fragment as it is."""
    return re.split(r"(?m)^(?=      \w)", fragment)[1:] if re.match(r" {6}\w", fragment) else [fragment]


def _completed(fragment: str) -> str:
    """Return a whole workflow with `fragment` in its place, which the indentation of its first line tells."""
    template = TEMPLATE.read_text()
    head = template[: template.index("jobs:\n")]
    if fragment.startswith(("on:", "name:")):
        return fragment
    if fragment.startswith("jobs:"):
        return head + fragment
    if fragment.lstrip().startswith("- "):
        return _STEPS + fragment
    if fragment.startswith("      "):
        return template.replace("    with:\n", f"    with:\n{fragment}", 1)
    return template + fragment
