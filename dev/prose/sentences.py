"""The form of errors: `what`, `why` and `fix` are sentences without their full stop.

Read where an error is constructed with a literal.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from dev.prose.reading import Use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIELDS = ("what", "why", "fix")
# Programs are written as their makers write them, at the start of a sentence too.
_PROGRAMS = frozenset(
    {"apt-get", "buildkitd", "buildx", "crane", "docker", "git", "gitleaks", "syft", "terraform", "trivy", "actions"}
)
_BEGINS = re.compile(r"([a-z][\w-]*)(?=[\s,;:.']|$)")
_TWO_SENTENCES = re.compile(r"[.!?] [A-Z]")
_PLURAL_IN_BRACKETS = re.compile(r"\w\(e?s\)")


def family(errors: Path) -> frozenset[str]:
    """Return the names of the classes that the module `errors` defines."""
    tree = ast.parse(errors.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def uses(text: str, names: frozenset[str]) -> list[Use]:
    """Return what is not a sentence in the errors of `names` that the Python source `text` constructs, by line."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and _name(node.func) in names)
    return sorted(
        (use for call in calls for field, value in _fields(call) for use in _wrong(field, value)),
        key=lambda use: (use.line, use.word),
    )


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _fields(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    if call.args:
        yield "what", call.args[0]
    for keyword in call.keywords:
        if keyword.arg in FIELDS:
            yield keyword.arg, keyword.value


def _wrong(field: str, value: ast.expr) -> Iterator[Use]:
    parts = _literals(value)
    written = "".join(part or "{}" for part in parts)
    begins = _BEGINS.match(parts[0]) if parts else None
    if begins and begins[1] not in _PROGRAMS:
        yield Use(value.lineno, f"{field} begins with {begins[1]!r}", "a capital letter at its start")
    if field == "what" and _TWO_SENTENCES.search(written):
        yield Use(value.lineno, f"{field} has two sentences", "the reason into `why`")
    if written.endswith(".") and not written.endswith(".."):
        yield Use(value.lineno, f"{field} ends in a full stop", "no full stop: whoever shows it as a sentence adds one")
    if plural := _PLURAL_IN_BRACKETS.search(written):
        yield Use(value.lineno, f"{field} has {plural[0]!r}", "the noun that fits the number")


def _literals(value: ast.expr) -> list[str]:
    """Return the text of a literal, in parts; an empty part for what is inserted. Nothing for another expression."""
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return [str(part.value) if isinstance(part, ast.Constant) else "" for part in values]
        case _:
            return []
