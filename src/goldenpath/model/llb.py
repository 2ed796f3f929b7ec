"""What a build will use, as BuildKit itself reads the Dockerfile: its build graph (LLB), before anything is built.

The format is that of the frontend's request `frontend.convertllb`: `solver/pb/ops.proto` of moby/buildkit 0.34 as
protobuf's JSON, in which a number of 64 bits is a string and a zero is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Struct

from goldenpath.model.base_image import IN_A_FOLDER, BaseImage
from goldenpath.model.names import Digest

IMAGE = "docker-image://"


class _Input(Struct):
    digest: str


class _Source(Struct):
    identifier: str


class Copied(Struct):
    """What a copy takes from the operation that it copies from."""

    src: str = ""


class Link(Struct):
    """A mount of a RUN, an action on files, or a layer of a merge: each begins from an input of its operation.

    A copy takes files of the `secondary` input; a mount shows its `selector`.
    """

    input: int = 0
    dest: str = ""
    selector: str = ""
    secondary: int = msgspec.field(name="secondaryInput", default=0)
    copy: Copied | None = None


class _Exec(Struct):
    mounts: tuple[Link, ...] = ()


class _File(Struct):
    actions: tuple[Link, ...] = ()


class _Merge(Struct):
    inputs: tuple[Link, ...] = ()


class Operation(Struct):
    """One operation of a build: exactly one of its kinds is set, and none in the last one."""

    inputs: tuple[_Input, ...] = ()
    source: _Source | None = None
    exec: _Exec | None = None
    file: _File | None = None
    merge: _Merge | None = None

    def input(self, number: int) -> str:
        """Return the digest of the operation that is the input `number`; empty where there is none."""
        return self.inputs[number].digest if 0 <= number < len(self.inputs) else ""

    @property
    def base(self) -> str:
        """The digest of the operation whose files this one begins from; empty where it begins from nothing."""
        links: tuple[Link, ...] = (Link(),)
        if self.exec is not None:
            links = tuple(each for each in self.exec.mounts if each.dest == "/")
        elif self.file is not None:
            links = self.file.actions
        elif self.merge is not None:
            links = self.merge.inputs
        return self.input(links[0].input) if links else ""


class _Position(Struct):
    line: int = 0


class _Range(Struct):
    end: _Position = msgspec.field(default_factory=_Position)


class _Location(Struct):
    ranges: tuple[_Range, ...] = ()


class Locations(Struct):
    """Where in the Dockerfile an operation is written."""

    locations: tuple[_Location, ...] = ()

    @property
    def last_line(self) -> int:
        """The number of its last line, from 1 on; 0 where it is written nowhere."""
        return max((part.end.line for each in self.locations for part in each.ranges), default=0)


class _Sources(Struct):
    locations: dict[str, Locations] = msgspec.field(default_factory=dict)


class Graph(Struct):
    """The operations of a build by their digests, and where each is written."""

    operations: dict[str, Operation] = msgspec.field(name="def")
    source: _Sources = msgspec.field(default_factory=_Sources)

    @property
    def last(self) -> str:
        """The digest of the operation whose result is the image; empty where there is not exactly one."""
        used = {each.digest for operation in self.operations.values() for each in operation.inputs}
        unused = [digest for digest in self.operations if digest not in used]
        return unused[0] if len(unused) == 1 else ""


@dataclass(frozen=True)
class Images:
    """The images that a build uses, as BuildKit names them: with a digest where it already knows one.

    `base` is the one that the image itself begins from; empty where that is none, as `FROM scratch`.
    """

    names: tuple[str, ...]
    base: str = ""


def read(text: bytes) -> Graph:
    """Return the build graph in `text`. Raises `ValueError` when it is none."""
    try:
        return msgspec.json.decode(text, type=Graph, strict=False)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def images(graph: Graph) -> Images:
    """Return the images that the build `graph` uses."""
    names = {_image(each) for each in graph.operations.values()} - {""}
    return Images(tuple(sorted(names)), _base(graph))


def parse(name: str) -> BaseImage | None:
    """Return the image of a `name` with its digest; `None` for a name that has none."""
    plain, at, digest = name.rpartition("@")
    return BaseImage(plain, Digest(digest)) if at else None


def _base(graph: Graph) -> str:
    operation = graph.operations.get(graph.last)
    for _ in graph.operations:
        if operation is None or operation.source is not None:
            break
        operation = graph.operations.get(operation.base)
    return _image(operation) if operation is not None else ""


def _image(operation: Operation) -> str:
    identifier = operation.source.identifier if operation.source else ""
    if identifier.startswith(IN_A_FOLDER):
        return identifier
    return identifier.removeprefix(IMAGE) if identifier.startswith(IMAGE) else ""
