"""The words that this project does not use, as `words.yaml` lists them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

WORDS = Path(__file__).resolve().parent / "words.yaml"
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing not to write: `text` is a pattern for prose, `names` and `parts` are for identifiers."""

    write: str
    text: str = ""
    names: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


class Words:
    """All rules, compiled for one pass over a text and one look-up per identifier."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._texts = [(re.compile(rule.text, re.IGNORECASE), rule.write) for rule in rules if rule.text]
        self._any = re.compile("|".join(f"(?:{rule.text})" for rule in rules if rule.text), re.IGNORECASE)
        self._names = {name: rule.write for rule in rules for name in rule.names}
        self._parts = {part: rule.write for rule in rules for part in rule.parts}

    def in_text(self, text: str) -> list[tuple[int, str, str]]:
        """Return the offset of every unused word in a prose `text`, the word, and what to write instead."""
        if self._any.search(text) is None:
            return []
        return sorted((match.start(), match[0], write) for rule, write in self._texts for match in rule.finditer(text))

    def in_name(self, name: str) -> str:
        """Return what to write instead of the identifier `name`; empty when it may be used."""
        parts = (self._parts[part] for part in _WORD.findall(name) if part in self._parts)
        return self._names.get(name) or next(parts, "")


def load(path: Path = WORDS) -> Words:
    """Read the list. Raises `msgspec.ValidationError` when it is malformed."""
    raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Words(msgspec.convert(raw, tuple[Rule, ...]))
