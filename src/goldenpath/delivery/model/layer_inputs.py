"""The inputs of the layers that a build adds to its base image, read from the build graph."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from goldenpath.delivery.model import llb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.model.llb import Graph, Operation

# The name under which BuildKit knows the build context; the others are named build contexts.
CONTEXT = "context"
_LOCAL = "local://"
_ALL = "/"


@dataclass(frozen=True, order=True)
class ContextPath:
    """A path in the build context `context`, possibly a pattern; `/` is all of it."""

    context: str
    path: str


class LayerKind(Enum):
    """The kind of instruction that makes a layer."""

    RUN = "run"
    COPY = "copy"
    # Its content does not depend on the layers below it.
    LINKED_COPY = "copy --link"
    FOLDER = "workdir"

    @property
    def is_copy(self) -> bool:
        """Whether it holds copied files, and nothing else."""
        return self in (LayerKind.COPY, LayerKind.LINKED_COPY)


@dataclass(frozen=True)
class LayerInputs:
    """The inputs of one layer.

    `reads` are the paths of build contexts whose files it depends on. `line` is the last line of the Dockerfile that it
    depends on, and 0 if that is unknown.
    """

    kind: LayerKind
    reads: frozenset[ContextPath]
    line: int


def of(graph: Graph) -> tuple[LayerInputs, ...] | None:
    """Return the inputs of every layer that the build adds, the lowest first; `None` if the graph lacks them."""
    layers = llb.origin(graph)[1]
    return None if layers is None else tuple(_inputs(graph, digest) for digest in layers)


def _inputs(graph: Graph, digest: str) -> LayerInputs:
    used = {digest} | _used(graph, _origins(graph.operations[digest]))
    reads = frozenset(path for used_digest in used for path in _reads(graph, graph.operations[used_digest]))
    return LayerInputs(_kind(graph.operations[digest]), reads, max(map(graph.last_line, used)))


def _kind(operation: Operation) -> LayerKind:
    if operation.file is None:
        return LayerKind.RUN
    if not all(action.copy for action in operation.file.actions):
        return LayerKind.FOLDER
    return LayerKind.COPY if operation.base else LayerKind.LINKED_COPY


def _origins(operation: Operation) -> list[str]:
    """Return the operations that decide what the layer of `operation` holds: a copy adds the same files to any."""
    if operation.file is None:
        return [source.digest for source in operation.inputs]
    return [operation.input(action.secondary) for action in operation.file.actions if action.copy]


def _used(graph: Graph, digests: list[str]) -> set[str]:
    """Return the operations that the results of `digests` depend on, themselves included."""
    used: set[str] = set()
    waiting = list(digests)
    while waiting:
        digest = waiting.pop()
        if digest in graph.operations and digest not in used:
            used.add(digest)
            waiting += [source.digest for source in graph.operations[digest].inputs]
    return used


def _reads(graph: Graph, operation: Operation) -> Iterator[ContextPath]:
    """Yield the paths that `operation` itself reads from build contexts; all of a context if the path is unknown."""
    contexts = {number: name for number in range(len(operation.inputs)) if (name := _context(graph, operation, number))}
    if operation.file is not None:
        known = [(action.secondary, action.copy.src) for action in operation.file.actions if action.copy]
    elif operation.exec is not None:
        known = [(mount.input, mount.selector or _ALL) for mount in operation.exec.mounts]
    else:
        known = []
    yield from (ContextPath(contexts[number], path) for number, path in known if number in contexts)
    for number in contexts.keys() - {number for number, _ in known}:
        yield ContextPath(contexts[number], _ALL)


def _context(graph: Graph, operation: Operation, number: int) -> str:
    """Return the name of the build context that is the input `number`; empty where that is something else."""
    origin = graph.operations.get(operation.input(number))
    identifier = origin.source.identifier if origin and origin.source else ""
    return identifier.removeprefix(_LOCAL) if identifier.startswith(_LOCAL) else ""
