"""What one module of Python consists of: lines, comments, functions, classes, and the modules it imports."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Said to a program, not to a reader.
_PRAGMAS = ("# noqa", "# type:", "# fmt:", "# pragma", "#!")


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its dotted name, its folder below the package, and what was counted in it."""

    name: str
    folder: tuple[str, ...]
    lines: int
    comment_lines: int
    functions: tuple[int, ...]
    classes: tuple[str, ...]
    imports: frozenset[str]

    @property
    def wing(self) -> str:
        """The top folder of the package that it stands in; `top` for those in none."""
        return self.folder[0] if self.folder else "top"


def read_package(package: Path) -> list[Module]:
    """Read every module of the package in the folder `package`, in order. Raises `SyntaxError`."""
    return [_read(path, package) for path in sorted(package.rglob("*.py"))]


def _read(path: Path, package: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(package.parent).with_suffix("").parts
    nodes = list(ast.walk(ast.parse(text)))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return Module(
        name=".".join(parts[:-1] if parts[-1] == "__init__" else parts),
        folder=parts[1:-1],
        lines=len(text.splitlines()),
        comment_lines=_comment_lines(text),
        functions=tuple((function.end_lineno or 0) - function.lineno + 1 for function in functions),
        classes=tuple(node.name for node in nodes if isinstance(node, ast.ClassDef)),
        imports=frozenset(name for node in nodes for name in _imported(node)),
    )


def _comment_lines(text: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return sum(token.type == tokenize.COMMENT and not token.string.startswith(_PRAGMAS) for token in tokens)


def _imported(node: ast.AST) -> list[str]:
    """Return the dotted names that an import may mean: `from a import b` is `a.b`, which may be a module or not."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return [f"{module}.{alias.name}" for alias in names]
        case _:
            return []
