"""Text that strangers may have written, made safe for where it is shown: a log that a runner reads, or Markdown."""

from __future__ import annotations

import re

# A runner takes `::` for a command where a line begins with it, and the older `##[` anywhere (actions/runner,
# ActionCommand).
_COMMAND = re.compile(r"(?m)^(\s*)::")
# What GitHub makes a link, a mention or a picture of, whatever stands before it: URLs and mail addresses, `@people`,
# `#1`, `GH-1`, `:emoji:`, and the ids of commits. It leaves code alone (GitHub, "Autolinked references and URLs").
_LINKED = re.compile(r"@|#|//|:[\w+-]+:|www\.|gh-\d|(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])", re.IGNORECASE)


def plain(text: str) -> str:
    """Return `text` made safe for a log that a runner reads: no line of it can be taken for a workflow command.

    Control characters and the Unicode marks that change the direction of text are shown as escapes.
    """
    shown = "".join(ch if ch in "\n\t" or ch.isprintable() else ascii(ch)[1:-1] for ch in text)
    return _COMMAND.sub(r"\1\\x3a:", shown).replace("##[", r"\x23#[")


def as_markdown(text: str) -> str:
    """Return `text` made safe for a job summary or a comment: shown as it is, never as markup, a link or a mention.

    A word that would become one is shown as code.
    """
    words = plain(text).replace("\n", " ").split(" ")
    return " ".join(_word(word) for word in words)


def _word(word: str) -> str:
    # A `|` ends a table's cell within code too, and behind a backslash no escape helps there (GitHub Flavored Markdown,
    # "Tables"): so it always stands outside.
    return "\\|".join(_code(part) if _LINKED.search(part) else _prose(part) for part in word.split("|"))


def _code(word: str) -> str:
    """Return `word` as a code span; brackets before it and punctuation that only follows it stand outside of it."""
    rest = word.lstrip("(")
    core = rest if "(" in rest else rest.rstrip(").,;")
    fence = "`" * (max(map(len, re.findall("`+", core)), default=0) + 1)
    space = " " if core.startswith("`") or core.endswith("`") else ""
    return f"{word[: -len(rest)]}{fence}{space}{core}{space}{fence}{rest[len(core) :]}"


def _prose(word: str) -> str:
    escaped = word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{ch}" if ch in "\\`*_[]!~" else ch for ch in escaped)
