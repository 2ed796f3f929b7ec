"""The prose and the identifiers of a file: Python by its syntax tree, Markdown whole, other files by their comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dev.prose.rules import Words

SUFFIXES = frozenset({".py", ".md", ".yml", ".yaml", ".tf"})
# Code in Markdown is quoted as it is, and a generated table is corrected in its source.
_NOT_PROSE = re.compile(r"```.*?```|<!-- generated: .*?<!-- end -->|`[^`\n]*`|\]\([^)]*\)", re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_COMMENT = re.compile(r"(?:^|\s)#(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a word that this project does not use."""

    line: int
    word: str
    write: str


def uses(path: Path, words: Words) -> list[Use]:
    """Return the uses in the file `path`, by line."""
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".py":
            result = [*_in_comments(text, words), *_in_python(ast.parse(text), words)]
        case ".md":
            result = list(_in_prose(_NOT_PROSE.sub(_blank, text), 1, words))
        case _:
            result = list(_in_prose(_only_comments(text), 1, words))
    return sorted(result, key=lambda use: (use.line, use.word))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _only_comments(text: str) -> str:
    comments = [match[1] if (match := _COMMENT.search(line)) else "" for line in text.splitlines()]
    return "\n".join(comments)


def _in_prose(text: str, first: int, words: Words) -> Iterator[Use]:
    text = _CODE.sub(_blank, text)
    for offset, word, write in words.in_text(text):
        yield Use(first + text.count("\n", 0, offset), word.lower(), write)


def _in_comments(text: str, words: Words) -> Iterator[Use]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield from _in_prose(token.string, token.start[0], words)


def _in_python(tree: ast.Module, words: Words) -> Iterator[Use]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield from _in_prose(node.value, node.lineno, words)
        for name in _identifiers(node):
            if write := words.in_name(name):
                yield Use(getattr(node, "lineno", 1), name, write)


def _identifiers(node: ast.AST) -> list[str]:
    """Return the identifiers that `node` itself holds; those of an import are counted where they are defined."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.alias(asname=str(name)):
            return [name]
        case _:
            return []
