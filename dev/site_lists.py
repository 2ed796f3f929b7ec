"""A hook of MkDocs: lists are shown as GitHub shows them, and marks above blocks of commands stay out of the site.

MkDocs' Markdown asks for an empty line before a list, and for four spaces in front of what belongs to an item.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ITEM = re.compile(r"(?:\d+\.|[-*]) ")
_MARK = re.compile(r"^ *<!-- (?:run by|not run): .*? -->\n", re.MULTILINE)
_INDENTED = re.compile(r"^ {2,3}(?=\S)")
_FENCE = re.compile(r" *```")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return the text of a page in the form that MkDocs needs. MkDocs calls this for every page."""
    return "\n".join(_lines(_MARK.sub("", markdown)))


def _lines(text: str) -> Iterator[str]:
    in_list, has_paragraphs, before, fence = False, False, "", ""
    for line in text.split("\n"):
        edge = _FENCE.match(line)
        if fence:
            # A block keeps its own indentation, behind that of its item.
            yield f"{_missing(fence)}{line}" if in_list and line else line
            fence = "" if edge and edge[0] == fence else fence
        elif edge:
            in_list, fence = in_list and line.startswith(" "), edge[0]
            yield f"{_missing(fence)}{line}" if in_list else line
        else:
            if _ITEM.match(line):
                if before and (has_paragraphs or not in_list):
                    yield ""
                in_list, has_paragraphs = True, False
            elif line and not line.startswith(" "):
                in_list = False
            has_paragraphs = has_paragraphs or not line
            yield _INDENTED.sub("    ", line, count=1) if in_list else line
        before = line


def _missing(fence: str) -> str:
    """Return the spaces that are missing in front of a block that begins with `fence`."""
    return " " * max(0, 4 - (len(fence) - len("```")))
