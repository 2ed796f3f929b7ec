"""Reads the literal values of a Terraform file, with the offsets that an edit needs to keep every other byte.

Expressions that are not literal are skipped, never evaluated. Why not a general parser: docs/adr/0006-registries.md.
Grammar: "HCL Native Syntax Specification".
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Literal: TypeAlias = "str | int | float | bool | list[Literal] | Mapping[str, Literal] | None"

_TOKEN = re.compile(
    r"(?P<space>\A\ufeff|[ \t\r]+)|(?P<newline>\n)|(?P<comment>(?:\#|//)[^\n]*)|(?P<block>/\*)"
    r"|(?P<heredoc><<-?(?P<mark>[^\W\d][\w-]*)\r?\n)|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[^\W\d][\w-]*)|(?P<quote>\")|(?P<sign>[\[\](){},=:])|(?P<other>.)",
    re.DOTALL,
)
_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([$%])\4\{')
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_WORDS: Mapping[str, Literal] = {"true": True, "false": False, "null": None}
_OPENING, _CLOSING = "[({", "])}"
# Beyond these Python itself gives up: with a `RecursionError`, and a `ValueError` at 4,300 digits.
_DEEPEST, _LONGEST_NUMBER = 50, 300


class HclUnexpected(ValueError):
    """The text is no HCL that we can read; the message names the line."""


@dataclass(frozen=True, slots=True)
class HclToken:
    """One token: its kind and text, and the offsets of its first character and behind its last one."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class HclEntry:
    """One `key = value` of a map, from the key's first character to behind the value."""

    key: str
    value: Literal
    start: int
    end: int


@dataclass(frozen=True)
class HclMap:
    """A map: the offsets of its braces, and its entries in order."""

    opening: int
    closing: int
    entries: tuple[HclEntry, ...]


def tokens(text: str) -> Iterator[HclToken]:
    """Yield the tokens of `text`, with newlines and comments, without spaces. Raises `HclUnexpected`."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None  # noqa: S101  the last alternative matches any character
        kind, end = str(match.lastgroup), match.end()
        if kind == "mark" or match["heredoc"]:
            kind, end = "heredoc", _heredoc_end(text, end, match["mark"])
        elif kind == "quote":
            kind, end = "string", _string_end(text, at)
        elif kind == "block":
            kind, end = "comment", _comment_end(text, at)
        if kind != "space":
            yield HclToken(kind, text[at:end], at, end)
        at = end


def read_map(text: str, block: str, name: str) -> HclMap:
    """Return the literal map `name` of the block `block` (as in `locals { name = { … } }`).

    Raises `HclUnexpected` when it is missing, there twice, or not literal.
    """
    reader = _Reader(text)
    places = [at for attribute, at in reader.attributes_of(block) if attribute == name]
    if len(places) != 1:
        how = "there is more than one" if places else "there is no"
        raise HclUnexpected(f"{how} `{name}` in a block `{block}`")
    return reader.map_at(places[0])


def read_attributes(text: str) -> dict[str, Literal]:
    """Return the attributes of a `.tfvars` file. Raises `HclUnexpected` when one is not literal or is there twice."""
    reader = _Reader(text)
    values: dict[str, Literal] = {}
    for name, at in reader.attributes():
        if name in values:
            raise reader.unexpected(at, f"`{name}` is there twice")
        values[name], _ = reader.literal(at)
    return values


class _Reader:
    """Reads a list of tokens; `at` is always an index into that list."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens(text))

    def attributes_of(self, block: str) -> Iterator[tuple[str, int]]:
        """Yield name and index of the value of every attribute in the top-level blocks `block` without labels."""
        at = 0
        while (at := self._skip_blank(at)) < len(self.tokens):
            if self._says(at, block) and self._says(at + 1, "{"):
                yield from self.attributes(at + 2)
            at = self._end_of_statement(at)

    def attributes(self, at: int = 0) -> Iterator[tuple[str, int]]:
        """Yield name and index of the value of every attribute from `at` to the end of its block."""
        while (at := self._skip_blank(at)) < len(self.tokens) and not self._says(at, "}"):
            if self._kind(at) == "word" and self._says(at + 1, "="):
                yield self.tokens[at].text, at + 2
            at = self._end_of_statement(at)

    def map_at(self, at: int) -> HclMap:
        """Return the map whose opening brace is at `at`."""
        if not self._says(at, "{"):
            raise self.unexpected(at, "a map (`{ … }`) was expected")
        entries, closing = self._entries(at, 0)
        return HclMap(self.tokens[at].start, self.tokens[closing].start, tuple(entries))

    def literal(self, at: int, depth: int = 0) -> tuple[Literal, int]:
        """Return the literal at `at`, and the index behind it."""
        if depth > _DEEPEST:
            raise self.unexpected(at, "it is nested too deeply")
        value, behind = self._value(at, depth)
        if self._kind(behind) not in ("newline", "comment", "end") and self.tokens[behind].text not in ",]}":
            raise self.unexpected(behind, "a literal value was expected, not an expression")
        return value, behind

    def unexpected(self, at: int, what: str) -> HclUnexpected:
        """Return the error for the line of the token at `at`."""
        place = self.tokens[at].start if at < len(self.tokens) else len(self.text)
        return HclUnexpected(f"line {line_of(self.text, place)}: {what}")

    def _value(self, at: int, depth: int) -> tuple[Literal, int]:
        kind, text = self._kind(at), self.tokens[at].text if at < len(self.tokens) else ""
        if kind == "string":
            return self._unquoted(at), at + 1
        if kind == "number":
            return _number(text), at + 1
        if kind == "word" and text in _WORDS:
            return _WORDS[text], at + 1
        if text == "-" and self._kind(at + 1) == "number":
            return -_number(self.tokens[at + 1].text), at + 2
        if text == "[":
            return self._list(at, depth)
        if text == "{":
            entries, closing = self._entries(at, depth)
            return {entry.key: entry.value for entry in entries}, closing + 1
        raise self.unexpected(at, "a literal value was expected, not an expression")

    def _list(self, at: int, depth: int) -> tuple[Literal, int]:
        values: list[Literal] = []
        at = self._skip_blank(at + 1)
        while not self._says(at, "]"):
            value, at = self.literal(at, depth + 1)
            values.append(value)
            at = self._skip_blank(at)
            if self._says(at, ","):
                at = self._skip_blank(at + 1)
            elif not self._says(at, "]"):
                raise self.unexpected(at, "a `,` or `]` was expected")
        return values, at + 1

    def _entries(self, at: int, depth: int) -> tuple[list[HclEntry], int]:
        entries: dict[str, HclEntry] = {}
        at = self._skip_blank(at + 1)
        while not self._says(at, "}"):
            entry, behind = self._entry(at, depth)
            # HCL would take the last one: a reviewer may have read the first.
            if entry.key in entries:
                raise self.unexpected(at, f"the key {entry.key!a} is there twice")
            entries[entry.key] = entry
            at = self._skip_blank(behind + 1 if self._says(behind, ",") else behind)
        return [*entries.values()], at

    def _entry(self, at: int, depth: int) -> tuple[HclEntry, int]:
        kind = self._kind(at)
        if kind not in ("word", "string"):
            raise self.unexpected(at, "a key was expected")
        key = self.tokens[at].text if kind == "word" else self._unquoted(at)
        if not (self._says(at + 1, "=") or self._says(at + 1, ":")):
            raise self.unexpected(at, f"a `=` was expected after the key {key!a}")
        value, behind = self.literal(at + 2, depth + 1)
        return HclEntry(key, value, self.tokens[at].start, self.tokens[behind - 1].end), behind

    def _unquoted(self, at: int) -> str:
        inner = self.tokens[at].text[1:-1]
        left_over = _ESCAPE.sub(" ", inner)  # not "": `%\"{` is no template
        if "\\" in left_over or "${" in left_over or "%{" in left_over or "\n" in inner:
            raise self.unexpected(at, "a plain string was expected, without `${…}`")
        return _ESCAPE.sub(_unescaped, inner)

    def _end_of_statement(self, at: int) -> int:
        depth = 0
        while at < len(self.tokens):
            word = self.tokens[at]
            if word.kind == "sign":
                depth += (word.text in _OPENING) - (word.text in _CLOSING)
                if depth < 0:
                    return at
            elif word.kind in ("newline", "comment") and depth == 0:
                return at
            at += 1
        if depth:
            raise self.unexpected(at, "a bracket is not closed")
        return at

    def _skip_blank(self, at: int) -> int:
        while self._kind(at) in ("newline", "comment"):
            at += 1
        return at

    def _kind(self, at: int) -> str:
        return self.tokens[at].kind if at < len(self.tokens) else "end"

    def _says(self, at: int, text: str) -> bool:
        return at < len(self.tokens) and self.tokens[at].text == text


def line_of(text: str, place: int) -> int:
    """Return the number of the line that the offset `place` is in, counted from 1."""
    return text.count("\n", 0, place) + 1


def _number(text: str) -> int | float:
    if len(text) > _LONGEST_NUMBER:
        raise HclUnexpected(f"a number has {len(text)} characters, and {_LONGEST_NUMBER} are the most")
    return float(text) if set(text) & set(".eE") else int(text)


def _unescaped(match: re.Match[str]) -> str:
    plain, short, long, doubled = match.groups()
    if doubled:
        return f"{doubled}{{"
    if plain:
        return _PLAIN[plain]
    if (code := int(short or long, 16)) > sys.maxunicode:
        raise HclUnexpected(f"there is no character with the number {short or long}")
    return chr(code)


def _comment_end(text: str, start: int) -> int:
    # Not by the expression for tokens: without an end it would search the rest of the text again from every character.
    if (end := text.find("*/", start + 2)) < 0:
        raise HclUnexpected(f"line {line_of(text, start)}: a comment is not closed")
    return end + 2


def _heredoc_end(text: str, at: int, mark: str) -> int:
    closing = re.compile(rf"^[ \t]*{re.escape(mark)}[ \t\r]*$", re.MULTILINE).search(text, at)
    if closing is None:
        raise HclUnexpected(f"line {line_of(text, at)}: the text up to {mark} has no end")
    return closing.end()


def _string_end(text: str, start: int, depth: int = 0) -> int:
    """Return the offset behind the string that begins at `start`; strings inside its `${…}` are skipped, too."""
    if depth > _DEEPEST:
        raise HclUnexpected(f"line {line_of(text, start)}: strings are nested too deeply")
    at = start + 1
    while at < len(text) and text[at] != "\n":
        if text[at] == '"':
            return at + 1
        if text.startswith(("$${", "%%{"), at):
            at += 3
        elif text.startswith(("${", "%{"), at):
            at = _template_end(text, at + 2, depth)
        else:
            at += 2 if text[at] == "\\" else 1
    raise HclUnexpected(f"line {line_of(text, start)}: a string is not closed")


def _template_end(text: str, start: int, strings: int) -> int:
    depth, at = 1, start
    while at < len(text):
        if text[at] == '"':
            at = _string_end(text, at, strings + 1)
            continue
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
        if not depth:
            return at
    raise HclUnexpected(f"line {line_of(text, start)}: a `${{` is not closed")
