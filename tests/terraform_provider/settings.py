"""What the resources of an account share: blocks in blocks, sets of blocks, and one way to plan and to read."""

# ruff: noqa: ARG002  the signatures are the plugin library's own
# The plugin library has no types.
# mypy: disable-error-code="import-untyped, misc"
from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from tf.blocks import SetNestedBlock
from tf.iface import Resource
from tf.schema import Attribute, Block, Schema
from tf.types import Bool, List, Map, Set, String

from tests.terraform_provider.calls import reported
from tests.terraform_provider.servicer import ListBlock

State = dict[str, Any]


def text(name: str, **options: Any) -> Attribute:  # noqa: ANN401  the library's options
    """Return an attribute that is a text: optional, unless `options` say otherwise."""
    return Attribute(name, String(), **(options or {"optional": True}))


def computed(name: str) -> Attribute:
    """Return a text that the provider fills in; it can be set too where the real one allows it."""
    return Attribute(name, String(), computed=True, optional=name in {"id", "region"})


def flag(name: str) -> Attribute:
    """Return a switch."""
    return Attribute(name, Bool(), optional=True)


def texts(name: str, *, required: bool = False, is_set: bool = True) -> Attribute:
    """Return a set, or a list, of texts."""
    return Attribute(name, (Set if is_set else List)(String()), required=required, optional=not required)


def tags(name: str = "tags") -> Attribute:
    """Return a map of tags."""
    return Attribute(name, Map(String()), optional=True)


class Nested(ListBlock):
    """A list block that may hold further blocks."""

    NESTING = "list"

    def __init__(self, type_name: str, attributes: list[Attribute], *blocks: SetNestedBlock) -> None:
        super().__init__(type_name, attributes)
        self.block.block_types = list(blocks)


class NestedSet(SetNestedBlock):
    """A set of blocks that may hold further blocks."""

    NESTING = "set"

    def __init__(self, type_name: str, attributes: list[Attribute], *blocks: SetNestedBlock) -> None:
        super().__init__(type_name, Block(attributes=attributes, block_types=list(blocks)))

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:  # noqa: ANN401  the library is untyped
        """Compare without order."""
        return _unordered(a_decoded) == _unordered(b_decoded)


def _unordered(value: Any) -> str:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return json.dumps({key: _unordered(inner) for key, inner in value.items()}, sort_keys=True)
    if isinstance(value, list):
        return json.dumps(sorted(_unordered(inner) for inner in value))
    return json.dumps(value)


class Setting(Resource):
    """A resource whose arguments one call writes and one call reads.

    A subclass says its name, service, attributes and blocks; `put` and `get` return what they learn of the attributes.
    """

    NAME = ""
    SERVICE = "ecr"
    ATTRIBUTES: tuple[Attribute, ...] = ()
    BLOCKS: tuple[SetNestedBlock, ...] = ()

    def __init__(self, provider: Any) -> None:  # noqa: ANN401  the provider imports this module
        self.provider = provider

    @classmethod
    def get_name(cls) -> str:
        return cls.NAME

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(version=0, attributes=list(cls.ATTRIBUTES), block_types=list(cls.BLOCKS))

    @abstractmethod
    def put(self, client: Any, planned: State, current: State | None) -> State:  # noqa: ANN401  boto3's client
        """Write what is planned; `current` is `None` for a new resource. Return the attributes that AWS decides."""

    @abstractmethod
    def get(self, client: Any, current: State) -> State | None:  # noqa: ANN401
        """Return the attributes as AWS has them; `None` when the resource is gone."""

    @abstractmethod
    def remove(self, client: Any, current: State) -> None:  # noqa: ANN401
        """Remove it."""

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:  # noqa: ANN401  the library is untyped
        known = {a.name for a in self.ATTRIBUTES if a.computed}
        return {**planned, **{name: (current or {})[name] for name in known if planned.get(name) is None and current}}

    @reported
    def create(self, ctx: Any, planned: State) -> State:  # noqa: ANN401
        return {**planned, **self.put(self._client, planned, None)}

    @reported
    def read(self, ctx: Any, current: State) -> State | None:  # noqa: ANN401
        seen = self.get(self._client, current)
        return None if seen is None else {**current, **seen}

    @reported
    def update(self, ctx: Any, current: State, planned: State) -> State:  # noqa: ANN401
        return {**planned, **self.put(self._client, planned, current)}

    @reported
    def delete(self, ctx: Any, current: State) -> None:  # noqa: ANN401
        self.remove(self._client, current)

    @property
    def _client(self) -> Any:  # noqa: ANN401  boto3's client
        return self.provider.client(self.SERVICE)


def same_json(current: str | None, seen: str) -> str:
    """Return `current` where it says the same as `seen`, as the real provider suppresses such differences."""
    return current if current and json.loads(current) == json.loads(seen) else seen


def as_tags(tags: dict[str, str] | None) -> list[dict[str, str]]:
    """Return tags as AWS's APIs take them."""
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]
