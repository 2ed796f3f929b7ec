"""The blocks of commands in the documents, and the mark above a block: which test runs it, or why none does.

A mark is a comment of Markdown, so no reader sees it: `<!-- run by: tests/… -->` or `<!-- not run: a reason -->`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
# The pages of errors are generated, and the example of each is what a test produces (tests/error_examples.py).
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name not in {"adr", "errors", "templates"}),
)
_BLOCK = re.compile(
    r"(?:^ *<!-- (?P<mark>(?:run by|not run): [^\n]*?) -->\n)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(
    r"^(?:\$ )?(?:[A-Z_]+=\S+ )?(?:bin/)?(?:goldenpath|make|git|gh|aws|terraform|docker|python3?) [a-z-]"
)
_SHELL = ("sh", "bash")
_OPERATORS = set("<>|&;")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its `language`, its text without indentation, and the mark above it, or nothing."""

    page: Path
    line: int
    language: str
    text: str
    mark: str

    @property
    def name(self) -> str:
        """Where it stands, for a test's report."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_typed(self) -> bool:
        """Whether a reader types it. A block of `console` is output, except for its lines that begin with `$ `."""
        return self.language in _SHELL or (self.language == "console" and "$ " in _starts(self.text))

    @property
    def hides_commands(self) -> bool:
        """Whether it names no language and holds a command."""
        return not self.language and any(_COMMAND.match(line) for line in self.text.splitlines())

    def commands(self) -> Iterator[list[str]]:
        """Yield the words of each command of `goldenpath` in it, with the variables that the block itself sets."""
        variables: dict[str, str] = {}
        for line in self.text.replace("\\\n", " ").splitlines():
            typed = line.removeprefix("$ ") if self.language == "console" else line
            if self.language == "console" and not line.startswith("$ "):
                continue
            if assigned := re.fullmatch(r"([A-Z]+)=(\S+)", typed):
                variables[assigned[1]] = assigned[2]
            for inner in _calls(typed):
                yield _words(Template(inner).safe_substitute(variables))


def _words(command: str) -> list[str]:
    """Return the words of a command of a shell, up to a redirection, a pipe or the next command."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(takewhile(lambda word: not word or not set(word) <= _OPERATORS, lexer))


def _starts(text: str) -> set[str]:
    return {line[:2] for line in text.splitlines()}


def _calls(line: str) -> Iterator[str]:
    """Yield what follows `goldenpath` in a line of a shell, up to what ends the command."""
    if inner := re.search(r"\$\((?:bin/)?goldenpath ([^)]*)\)", line):
        yield inner[1]
    elif match := re.match(r"(?:[A-Z_]+=\S+ )*(?:bin/)?goldenpath (.*)", line):
        yield match[1]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of `page`."""
    text = page.read_text()
    return [_block(page, text, match) for match in _BLOCK.finditer(text)]


def _block(page: Path, text: str, match: re.Match[str]) -> Block:
    inside = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
    return Block(page, text.count("\n", 0, match.start()) + 1, match["language"], inside, match["mark"] or "")


def every_block() -> list[Block]:
    """Return the blocks of all pages."""
    return [block for page in PAGES if page.exists() for block in blocks(page)]
