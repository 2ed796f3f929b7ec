"""The build graph (LLB) that BuildKit derives from a Dockerfile: it names the images and layers before the build.

The format is that of the frontend's request `frontend.convertllb`: `solver/pb/ops.proto` of moby/buildkit 0.34 as
protobuf's JSON, in which a number of 64 bits is a string and a zero is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec
from msgspec import Struct, field

from goldenpath.delivery.model.base_image import IN_A_FOLDER, BaseImage
from goldenpath.delivery.model.image_origins import Step
from goldenpath.shared import codec
from goldenpath.shared.names import Digest

IMAGE = "docker-image://"
# The instructions that add layers, and the one whose image may add some by ONBUILD.
_KEYWORD = re.compile(rb"\s*(add|copy|from|run|workdir)(?:\s|$)", re.IGNORECASE)


class _Input(Struct):
    digest: str


class _Source(Struct):
    identifier: str


class Copied(Struct):
    """The path that a copy reads from its source operation."""

    src: str = ""


class Link(Struct):
    """A mount of a RUN, an action on files, or a layer of a merge: it begins from an input of its operation.

    A copy reads files of the `secondary` input; a mount shows only its `selector`.
    """

    input: int = 0
    dest: str = ""
    selector: str = ""
    secondary: int = field(name="secondaryInput", default=0)
    copy: Copied | None = None


class _Exec(Struct):
    mounts: tuple[Link, ...] = ()


class _File(Struct):
    actions: tuple[Link, ...] = ()


class _Merge(Struct):
    inputs: tuple[Link, ...] = ()


class Operation(Struct):
    """One operation of a build. Exactly one of its kinds is set; in the last operation none is."""

    inputs: tuple[_Input, ...] = ()
    source: _Source | None = None
    exec: _Exec | None = None
    file: _File | None = None
    merge: _Merge | None = None

    def input(self, number: int) -> str:
        """Return the digest of the operation that is the input `number`; empty where there is none."""
        return self.inputs[number].digest if 0 <= number < len(self.inputs) else ""

    @property
    def is_plain(self) -> bool:
        """Whether it has none of the kinds that are known here."""
        return self.source is None and self.exec is None and self.file is None and self.merge is None

    @property
    def base(self) -> str:
        """The digest of the operation whose files this one begins from; empty where it begins from nothing."""
        links: tuple[Link, ...] = (Link(),)
        if self.exec is not None:
            links = tuple(mount for mount in self.exec.mounts if mount.dest == "/")
        elif self.file is not None:
            links = self.file.actions
        elif self.merge is not None:
            links = self.merge.inputs
        return self.input(links[0].input) if links else ""


class _Position(Struct):
    line: int = 0


class _Range(Struct):
    start: _Position = field(default_factory=_Position)
    end: _Position = field(default_factory=_Position)


class _Location(Struct):
    """A place in one of the files that the graph was made from; BuildKit gives one range for each line."""

    file: int = field(default=0, name="sourceIndex")
    ranges: tuple[_Range, ...] = ()


class _Locations(Struct):
    locations: tuple[_Location, ...] = ()


class _SourceFile(Struct):
    data: bytes = b""


class _Sources(Struct):
    locations: dict[str, _Locations] = field(default_factory=dict)
    infos: tuple[_SourceFile, ...] = ()

    def ranges(self, operation: str) -> list[tuple[_Range, ...]]:
        """Return the places of an operation in the Dockerfile, as the lines of every place."""
        places = self.locations.get(operation, _Locations()).locations
        return [place.ranges for place in places if place.ranges and not place.file]

    def step(self, operation: str) -> Step | None:
        """Return the instruction that an operation comes from; `None` where the graph does not say so."""
        # BuildKit merges equal instructions of two stages into one operation; the later stage is the nearer one.
        line = max((min(line.start.line for line in lines) for lines in self.ranges(operation)), default=0)
        text = self.infos[0].data.split(b"\n") if self.infos else []
        keyword = _KEYWORD.match(text[line - 1]) if 0 < line <= len(text) else None
        return Step(line, keyword[1].decode().upper()) if keyword else None


class Graph(Struct):
    """The operations of a build by their digests, and their places in the Dockerfile."""

    operations: dict[str, Operation] = field(name="def")
    source: _Sources = field(default_factory=_Sources)

    def last_line(self, operation: str) -> int:
        """Return the number of the last line of the Dockerfile that `operation` is written on; 0 where unknown."""
        return max((line.end.line for lines in self.source.ranges(operation) for line in lines), default=0)


@dataclass(frozen=True)
class Images:
    """The images that a build uses, as BuildKit names them: with a digest where it already knows one.

    `base` is the one that the image itself begins from; empty for `FROM scratch`. `steps` are the instructions that add
    one layer to it, the lowest first, and `line` is the line of its `FROM`; `None` and 0 if the graph does not name
    them.
    """

    names: tuple[str, ...]
    base: str = ""
    steps: tuple[Step, ...] | None = None
    line: int = 0


def read(text: bytes) -> Graph:
    """Return the build graph in `text`. Raises `ValueError` when it is none."""
    try:
        return codec.decode(text, Graph, strict=False)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def images(graph: Graph) -> Images:
    """Return the images that the build `graph` uses."""
    names = {_image(operation) for operation in graph.operations.values()} - {""}
    base, layers = origin(graph)
    steps = [graph.source.step(layer) for layer in layers or ()]
    known = tuple(step for step in steps if step is not None)
    of_base = graph.source.step(base)
    return Images(
        tuple(sorted(names)),
        _image(graph.operations[base]) if base else "",
        known if layers is not None and len(known) == len(steps) else None,
        of_base.line if of_base else 0,
    )


def parse(name: str) -> BaseImage | None:
    """Return the image of a `name` with its digest; `None` for a name that has none."""
    plain, at, digest = name.rpartition("@")
    return BaseImage(plain, Digest(digest)) if at else None


def origin(graph: Graph) -> tuple[str, list[str] | None]:
    """Return the source that the image begins from, empty for none, and the operations that add a layer to it.

    The operations are `None` if it is unknown how many layers one of them adds.
    """
    operations = graph.operations
    used = {source.digest for operation in operations.values() for source in operation.inputs}
    last = [digest for digest in operations if digest not in used]
    if len(last) != 1:
        return "", None
    layers: list[str] | None = []
    digest = last[0]
    for _ in operations:
        operation = operations.get(digest)
        if operation is None or operation.source is not None:
            break
        # BuildKit's last operation only names the result.
        added = [] if digest == last[0] and operation.is_plain else _added(operations, digest)
        layers = None if added is None or layers is None else [*added, *layers]
        digest = operation.base
    is_source = digest in operations and operations[digest].source is not None
    return digest if is_source else "", layers if is_source or not digest else None


def _added(operations: dict[str, Operation], digest: str) -> list[str] | None:
    """Return the operations whose layers the one at `digest` adds to its base; `None` if unknown.

    `COPY --link` copies into an empty layer and merges it with the layers below.
    """
    operation = operations[digest]
    if operation.exec is not None or operation.file is not None:
        return [digest]
    if operation.merge is None:
        return None
    merged = [operation.input(link.input) for link in operation.merge.inputs[1:]]
    linked = [
        digest for digest in merged if (copy := operations.get(digest)) and copy.file is not None and not copy.base
    ]
    return linked if len(linked) == len(merged) else None


def _image(operation: Operation) -> str:
    identifier = operation.source.identifier if operation.source else ""
    if identifier.startswith(IN_A_FOLDER):
        return identifier
    return identifier.removeprefix(IMAGE) if identifier.startswith(IMAGE) else ""
