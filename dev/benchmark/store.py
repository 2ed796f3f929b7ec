"""The result as a file: JSON with one run a line, so that a difference between two results can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from dev.benchmark.model import Benchmark

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS = 3


def encode(benchmark: Benchmark) -> str:
    """Return the file's text."""
    tree = _rounded(msgspec.to_builtins(benchmark))
    runs = ",\n    ".join(_json(run) for run in tree["runs"])
    fields = [f'  "{name}": {_json(value)}' for name, value in tree.items() if name != "runs"]
    return "{\n" + ",\n".join([*fields, f'  "runs": [\n    {runs}\n  ]']) + "\n}\n"


def read(path: Path) -> Benchmark:
    """Return the result in the file `path`. Raises as `decode` does."""
    return decode(path.read_bytes())


def decode(content: bytes) -> Benchmark:
    """Return the result in the file's `content`. Raises `msgspec.ValidationError` when it is not of this form."""
    return msgspec.json.decode(content, type=Benchmark)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _rounded(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
