"""The pushes that start a workflow, and the environment that it then delivers to.

Source: GitHub, "Workflow syntax", `on.push.<branches|tags>` and "Filter pattern cheat sheet".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_SPECIAL = re.compile(r"[*?+\[\]!\\]")
_PATTERN_PARTS = re.compile(r"\*\*/?|\*|\[[^\]]*\]|\\?.", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'")
_WORD = re.compile(r"[\w./@+-]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]*")
_BRANCH_CHOICE = re.compile(
    r"\$\{\{(?P<condition>.*)&&\s*'(?P<then>[\w-]+)'\s*\|\|\s*'(?P<otherwise>[\w-]+)'[\s)]*\}\}\s*", re.DOTALL
)
# Conditions that compare a part of a name, or choose among more than two environments.
_UNSUPPORTED = re.compile(r"contains\(\s*(?!fromjson)|&&\s*'", re.IGNORECASE)
_BRANCH_IDENTIFIERS = {
    "contains", "fromjson", "github.base_ref", "github.event.merge_group.base_ref", "github.ref", "github.ref_name",
    "inputs.environment", "github.event.inputs.environment",
}  # fmt: skip
_HEADS = "refs/heads/"


@dataclass(frozen=True)
class PushFilter:
    """The filter in `on.push`: a list of patterns is `None` where the workflow has none."""

    branches: tuple[str, ...] | None = None
    ignored: tuple[str, ...] | None = None
    tags: bool = False

    @property
    def is_tags_only(self) -> bool:
        """Whether no push to any branch starts the workflow."""
        return self.tags and self.branches is None and self.ignored is None

    @property
    def names(self) -> tuple[str, ...]:
        """The branches that are named without a wildcard."""
        return tuple(pattern for pattern in self.branches or () if not _SPECIAL.search(pattern))

    def starts(self, branch: str) -> bool:
        """Return whether a push to `branch` starts the workflow. A later pattern overrides an earlier one."""
        if self.ignored is not None:
            return not _matches(self.ignored, branch)
        return not self.is_tags_only if self.branches is None else _matches(self.branches, branch)


def push_filter(on: Any) -> PushFilter | None:  # noqa: ANN401  parsed YAML
    """Return the filter for pushes in the block `on`; `None` where no push starts the workflow."""
    if isinstance(on, str):
        return PushFilter() if on == "push" else None
    if not isinstance(on, dict):
        return PushFilter() if isinstance(on, list) and "push" in on else None
    if "push" not in on:
        return None
    block = on["push"] if isinstance(on["push"], dict) else {}
    tags = bool({"tags", "tags-ignore"} & set(block))
    return PushFilter(_patterns(block, "branches"), _patterns(block, "branches-ignore"), tags)


def environment_of(written: str, branch: str, known: Collection[str]) -> str:
    """Return the environment among `known` that the input `environment` names for a push to `branch`.

    It supports a name, and a choice by branch like `… && 'dev' || 'prod'` in the templates. Empty for anything else.
    """
    if "${{" not in written:
        return written if written in known else ""
    match = _BRANCH_CHOICE.fullmatch(written)
    if not match or not {match["then"], match["otherwise"]} <= set(known) or not _is_about_branches(match["condition"]):
        return ""
    named = {word for text in _QUOTED.findall(match["condition"]) for word in _WORD.findall(text)}
    return match["then"] if {branch, _HEADS + branch} & named else match["otherwise"]


def _is_about_branches(condition: str) -> bool:
    """Return whether a condition is true exactly for the branches that it quotes."""
    bare = _QUOTED.sub("", condition)
    only_branches = {name.lower() for name in _IDENTIFIER.findall(bare)} <= _BRANCH_IDENTIFIERS
    return only_branches and "!" not in bare and not _UNSUPPORTED.search(condition)


def _patterns(block: Mapping[Any, Any], name: str) -> tuple[str, ...] | None:
    if name not in block:
        return None
    patterns = block[name]
    return tuple(map(str, patterns)) if isinstance(patterns, list) else (str(patterns),)


def _matches(patterns: Collection[str], branch: str) -> bool:
    matched = False
    for pattern in patterns:
        if _pattern(pattern.removeprefix("!")).fullmatch(branch):
            matched = not pattern.startswith("!")
    return matched


def _pattern(written: str) -> re.Pattern[str]:
    """Return the regular expression of a filter pattern; `?` and `+` count the character before them."""
    words = {"*": "[^/]*", "**": ".*", "**/": "(?:.*/)?", "?": "?", "+": "+"}
    parts = (
        words.get(part) or (part if part.startswith("[") and len(part) > 1 else re.escape(part[-1]))
        for part in _PATTERN_PARTS.findall(written)
    )
    try:
        return re.compile("".join(parts))
    except re.error:
        return re.compile(re.escape(written))
