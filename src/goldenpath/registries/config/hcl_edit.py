"""Edits one map in a Terraform file: add, extend or remove an entry, and keep every other byte.

Entries are sorted by key, so that the same edits give the same file in any order, and two wizards conflict rarely. The
result of an edit is parsed again and must differ by that entry only (docs/adr/0006-registries.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from goldenpath.registries.config.hcl import HclMap, HclUnexpected, Literal, line_of, read_map, tokens

_INDENT = "  "
_REST_OF_LINE = re.compile(r"[ \t]*,?[ \t]*(?:(?:\#|//)[^\n]*|/\*[^\n]*\*/[ \t]*)?\r?\n")


def with_entry(text: str, block: str, name: str, key: str, fields: Mapping[str, Literal]) -> str:
    """Return `text` with the entry `key` in the map `name` of the block `block`; unchanged if present.

    Raises `HclUnexpected` when the map is not sorted, has entries that share a line, is not literal, or has an entry
    `key` with other fields.
    """
    before = _checked(text, block, name)
    for entry in before.entries:
        if entry.key == key and entry.value == dict(fields):
            return text
        if entry.key == key:
            raise HclUnexpected(f"line {line_of(text, entry.start)}: {key!a} is there with other fields")
    piece, place, behind = _insertion(text, before, key, fields)
    after = text[:place] + _with_line_ends(piece, text) + text[behind:]
    return _proved(after, block, name, {**_as_dict(before), key: fields})


def without_entry(text: str, block: str, name: str, key: str) -> str:
    """Return `text` without the entry `key` and its comments; unchanged if missing.

    Raises `HclUnexpected` as `with_entry` does.
    """
    before = _checked(text, block, name)
    entry = next((candidate for candidate in before.entries if candidate.key == key), None)
    if entry is None:
        return text
    start = _start_with_comments(text, before.opening, entry.start)
    after = text[:start] + text[_end_of_line(text, entry.end) :]
    return _proved(after, block, name, {other: value for other, value in _as_dict(before).items() if other != key})


def with_fields(text: str, block: str, name: str, key: str, fields: Mapping[str, Literal]) -> str:
    """Return `text` with `fields` added to the entry `key`, in a paragraph after its last field.

    Unchanged if present. Raises `HclUnexpected` as `with_entry` does, when there is no such entry, or
    when it has one of the fields with another value.
    """
    before = _checked(text, block, name)
    entry = next((candidate for candidate in before.entries if candidate.key == key), None)
    if entry is None or not isinstance(entry.value, Mapping):
        raise HclUnexpected(f"there is no entry {key!a} in `{name}`")
    extended = {**entry.value, **fields}
    if extended == entry.value:
        return text
    if set(fields) & set(entry.value):
        raise HclUnexpected(f"line {line_of(text, entry.start)}: {key!a} has other values for {', '.join(fields)}")
    # `terraform fmt` aligns a paragraph by its longest name: a new one leaves the lines above it as they are.
    place = text.rfind("\n", 0, entry.end) + 1
    piece = _with_line_ends("\n" + _lines(fields, _pad(text, entry.start)), text)
    return _proved(text[:place] + piece + text[place:], block, name, {**_as_dict(before), key: extended})


def render(key: str, fields: Mapping[str, Literal], pad: str) -> str:
    """Return the entry as `terraform fmt` writes it, indented by `pad`, with a newline at its end."""
    return f"{pad}{_quoted(key)} = {{\n{_lines(fields, pad)}{pad}}}\n"


def _lines(fields: Mapping[str, Literal], pad: str) -> str:
    width = max(map(len, fields))
    return "".join(f"{pad}{_INDENT}{name.ljust(width)} = {_written(value)}\n" for name, value in fields.items())


def _with_line_ends(piece: str, text: str) -> str:
    """Return `piece` with the line ends of `text`."""
    return piece.replace("\n", "\r\n") if text.partition("\n")[0].endswith("\r") else piece


def _checked(text: str, block: str, name: str) -> HclMap:
    """Return the map, if it is sorted and every entry has lines of its own. Raises `HclUnexpected`."""
    # Refused, not repaired: sorting somebody's file would hide the one change that a reviewer should see.
    registries = read_map(text, block, name)
    for earlier, later in pairwise(registries.entries):
        if earlier.key > later.key:
            raise HclUnexpected(
                f"line {line_of(text, later.start)}: {later.key!a} stands behind {earlier.key!a}: sort the keys"
            )
    for entry in registries.entries:
        has_own_line = not text[text.rfind("\n", 0, entry.start) + 1 : entry.start].strip()
        is_multiline = "\n" in text[entry.start : entry.end] and _REST_OF_LINE.match(text, entry.end)
        if not (has_own_line and is_multiline):
            raise HclUnexpected(f"line {line_of(text, entry.start)}: give {entry.key!a} lines of its own, one a field")
    return registries


def _insertion(text: str, current: HclMap, key: str, fields: Mapping[str, Literal]) -> tuple[str, int, int]:
    """Return what to write, and the two offsets between which it replaces the text."""
    if not current.entries:
        return _first(text, current, key, fields)
    pad = _pad(text, current.entries[0].start)
    earlier = [entry for entry in current.entries if entry.key < key]
    # After its predecessor, so that a comment above the next entry stays with that one.
    place = (
        _end_of_line(text, earlier[-1].end)
        if earlier
        else _start_with_comments(text, current.opening, current.entries[0].start)
    )
    return render(key, fields, pad), place, place


def _first(text: str, current: HclMap, key: str, fields: Mapping[str, Literal]) -> tuple[str, int, int]:
    outer = re.match(r"[ \t]*", text[text.rfind("\n", 0, current.opening) + 1 :])
    pad = outer[0] if outer else ""
    piece = render(key, fields, pad + _INDENT)
    inside = text[current.opening + 1 : current.closing]
    if not inside.strip():
        return f"\n{piece}{pad}", current.opening + 1, current.closing
    place = text.rfind("\n", 0, current.closing) + 1
    if text[place : current.closing].strip():
        raise HclUnexpected(f"line {line_of(text, current.closing)}: give the closing brace a line of its own")
    # A blank line, so that the comments still belong to the map, and not to its first entry.
    blank = "" if text[:place].endswith(("\n\n", "\n\r\n")) else "\n"
    return blank + piece, place, place


def _start_with_comments(text: str, opening: int, start: int) -> int:
    """Return the start of the entry's line, or of the first comment line directly above it."""
    begin = text.rfind("\n", 0, start) + 1
    comments = [token for token in tokens(text[opening:start]) if token.kind == "comment"]
    for comment in reversed(comments):
        own_line = text.rfind("\n", 0, opening + comment.start) + 1
        between = text[opening + comment.end : begin]
        if text[own_line : opening + comment.start].strip() or between.strip() or between.count("\n") > 1:
            break
        begin = own_line
    return begin


def _end_of_line(text: str, end: int) -> int:
    match = _REST_OF_LINE.match(text, end)
    if match is None:
        raise HclUnexpected(f"line {line_of(text, end)}: something else stands on the entry's last line")
    return match.end()


def _proved(after: str, block: str, name: str, wanted: Mapping[str, Literal]) -> str:
    # Whatever the splicing got wrong is noticed here, before anything is written.
    edited = read_map(after, block, name)
    keys = [entry.key for entry in edited.entries]
    if _as_dict(edited) != wanted or keys != sorted(keys):
        raise HclUnexpected("the edit would change more than the one entry, so it was not made")
    return after


def _as_dict(parsed: HclMap) -> dict[str, Literal]:
    return {entry.key: entry.value for entry in parsed.entries}


def _pad(text: str, start: int) -> str:
    return text[text.rfind("\n", 0, start) + 1 : start]


def _written(value: Literal) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return _quoted(str(value))


def _quoted(value: str) -> str:
    if not value.isprintable():
        raise HclUnexpected(f"{value!a} holds characters that are not written into a configuration")
    # `${` and `%{` begin a template: a value of a form must never become an expression.
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'
