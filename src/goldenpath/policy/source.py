"""Read YAML that people write and check it against its schema; mistakes are reported with file, line and field."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from goldenpath.shared.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from jsonschema.protocols import Validator
    from yaml.nodes import Node

Path = tuple[str | int, ...]
# A policy is a page of text. Anything larger is a mistake, or made to exhaust memory.
LARGEST = 1 << 20
MOST_PROBLEMS = 10
LONGEST_MESSAGE = 300
# No rule needs a longer number, and Python is slow to read one, or refuses to print it.
LONGEST_NUMBER = 30
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# A value may name a type that it does not fit (`!!bool x`): PyYAML then raises any of these.
_UNREADABLE = (
    yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError, OverflowError,
)  # fmt: skip


class _Loader(yaml.SafeLoader):
    """YAML's plain values. A date stays a string, so that the schema can check its form.

    libyaml's loader is ten times as fast, and a file of deeply nested lists makes it crash the whole process.
    """

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Compose the next node. Raises `ValueError` for an alias: a few lines of them can stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            raise ValueError("aliases are not used here: write each value where it belongs")
        node: Node | None = super().compose_node(parent, index)
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str, schema_name: str, file: str) -> dict[str, Any]:
    """Return the content of the YAML `text`, checked against the schema `schema_name` beside this module.

    Raises `PolicyInvalid` that names every wrong field with `file`, line and path, and its allowed values.
    """
    try:
        root = _compose(text)
        lines = dict(_lines(root))
        problems = sorted(_duplicates(root, ()))
        tree = _Loader("").construct_document(root)
    except _UNREADABLE as error:
        raise _invalid(file, [_syntax(file, error)], schema_name) from None
    validator = _validator(schema_name)
    errors = sorted(validator.iter_errors(tree), key=lambda error: list(map(str, error.absolute_path)))
    problems += [
        (_line(lines, tuple(error.absolute_path)), error.json_path, _shortened(error.message)) for error in errors
    ]
    if problems:
        mistakes = [f"{file}:{line}: {where}: {message}" for line, where, message in problems[:MOST_PROBLEMS]]
        raise _invalid(file, mistakes, schema_name)
    return dict(tree)


@cache
def _validator(schema_name: str) -> Validator:
    import jsonschema  # noqa: PLC0415  takes a while to load, and most commands read no policy

    extended = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"uniqueItems": _unique})  # type: ignore[no-untyped-call]
    validator: Validator = extended(schema(schema_name), format_checker=jsonschema.FormatChecker())
    return validator


def _unique(_: object, is_asked: bool, listed: object, __: object) -> Iterator[Exception]:
    """Check `uniqueItems` of a JSON Schema. The package's own check compares each item of a list with each other."""
    from jsonschema import ValidationError  # noqa: PLC0415  as in `_validator`

    if is_asked and isinstance(listed, list) and len({_comparable(item) for item in listed}) < len(listed):
        yield ValidationError(f"{listed!r} has non-unique elements")


def _comparable(value: object) -> Hashable:
    """Return a hashable form of `value` that is equal only for equal values of YAML; `true` is not 1."""
    if isinstance(value, dict):
        return frozenset((key, _comparable(child)) for key, child in value.items())
    if isinstance(value, list | tuple | set):
        return tuple(map(_comparable, value))
    return isinstance(value, bool), value


@cache
def schema(name: str) -> Mapping[str, Any]:
    """Return the JSON Schema in the file `name` beside this module."""
    parsed: dict[str, Any] = json.loads(resources.files("goldenpath.policy").joinpath(name).read_bytes())
    return parsed


def _compose(text: str) -> Node:
    if len(text) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} characters")
    node: Node | None = yaml.compose(text, Loader=_Loader)
    if node is None:
        raise ValueError("it is empty")
    _require_short_numbers(node)
    return node


def _require_short_numbers(node: Node) -> None:
    if isinstance(node, yaml.ScalarNode):
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            line, size = node.start_mark.line + 1, len(node.value)
            raise ValueError(f"the number in line {line} has {size} characters, and {LONGEST_NUMBER} are the most")
    elif isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                _require_short_numbers(part)


def _lines(node: Node, path: Path = ()) -> Iterator[tuple[Path, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*path, number))


def _duplicates(node: Node, path: Path) -> Iterator[tuple[int, str, str]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield key.start_mark.line + 1, _shown((*path, name)), "this name stands twice; the earlier one is lost"
            seen.add(name)
            yield from _duplicates(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _duplicates(value, (*path, number))


def _line(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of `path`, or of its nearest parent that is in the file."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _shown(path: Path) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _shortened(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]} …"


def _syntax(file: str, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return f"{file}:{line}: {getattr(error, 'problem', None) or error}"


def _invalid(file: str, mistakes: list[str], schema_name: str) -> PolicyInvalid:
    return PolicyInvalid(
        f"{file} is not valid",
        why="; ".join(mistakes),
        fix=f"Correct the fields named above. {schema_name} describes every field; editors complete them from it",
    )
