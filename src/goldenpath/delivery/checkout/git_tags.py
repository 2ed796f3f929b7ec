"""Read annotated tags and their targets.

A tag may name another tag, which no ref names, and every tag has a message. Source: git-mktag(1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.shared import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Tags that only other tags name. People do not nest tags, but an attacker could make a chain of millions.
NESTED_AT_MOST = 1000


@dataclass(frozen=True)
class AnnotatedTags:
    """The final target of every tag object, by the tag's id; `unread` are tags over the limit, which were not read."""

    names: dict[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def read(source: Path) -> AnnotatedTags:
    """Return the annotated tags of the clone `source`. One git process reads them all."""
    listed = git.run(source, "for-each-ref", "--format=%(objecttype) %(objectname)").split("\n")
    named = [line.removeprefix("tag ") for line in listed if line.startswith("tag ")]
    if not named:
        return AnnotatedTags()
    with git.asked(source) as ask:
        return follow(named, ask)


def follow(named: list[str], ask: Callable[[str], bytes]) -> AnnotatedTags:
    """Return the tags `named` by refs, and the tags that those name; `ask` returns the content of an object."""
    targets, waiting, limit = dict[str, str](), list(dict.fromkeys(named)), len(named) + NESTED_AT_MOST
    while waiting and len(targets) < limit:
        tag = waiting.pop()
        lines = ask(tag).decode("utf-8", "replace").split("\n", 2)
        targets[tag] = lines[0].removeprefix("object ")
        if lines[1] == "type tag" and targets[tag] not in targets:
            waiting.append(targets[tag])
    ends = dict[str, str]()
    for tag in targets:
        _resolve(tag, targets, ends)
    return AnnotatedTags({tag: ends[tag] for tag in targets}, tuple(dict.fromkeys(waiting)))


def _resolve(tag: str, targets: dict[str, str], ends: dict[str, str]) -> None:
    """Write into `ends` the final target of `tag`, and of every tag on the way there."""
    way = []
    while tag in targets and tag not in ends:
        way.append(tag)
        tag = targets[tag]
    ends |= dict.fromkeys(way, ends.get(tag, tag))
