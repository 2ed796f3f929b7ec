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


class _Link(Struct):
    """A mount of a RUN, an action on files, or a layer of a merge: each begins from an input of its operation."""

    input: int = 0
    dest: str = ""


class _Exec(Struct):
    mounts: tuple[_Link, ...] = ()


class _File(Struct):
    actions: tuple[_Link, ...] = ()


class _Merge(Struct):
    inputs: tuple[_Link, ...] = ()


class _Op(Struct):
    inputs: tuple[_Input, ...] = ()
    source: _Source | None = None
    exec: _Exec | None = None
    file: _File | None = None
    merge: _Merge | None = None

    @property
    def base(self) -> str:
        """The digest of the operation whose files this one begins from; empty where it begins from nothing."""
        links: tuple[_Link, ...] = (_Link(),)
        if self.exec is not None:
            links = tuple(each for each in self.exec.mounts if each.dest == "/")
        elif self.file is not None:
            links = self.file.actions
        elif self.merge is not None:
            links = self.merge.inputs
        first = links[0].input if links else -1
        return self.inputs[first].digest if 0 <= first < len(self.inputs) else ""


class _Graph(Struct):
    operations: dict[str, _Op] = msgspec.field(name="def")


@dataclass(frozen=True)
class Images:
    """The images that a build uses, as BuildKit names them: with a digest where it already knows one.

    `base` is the one that the image itself begins from; empty where that is none, as `FROM scratch`.
    """

    names: tuple[str, ...]
    base: str = ""


def images(text: bytes) -> Images:
    """Return the images in the build graph `text`. Raises `ValueError` when it is no graph."""
    try:
        operations = msgspec.json.decode(text, type=_Graph, strict=False).operations
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    names = {_image(each) for each in operations.values()} - {""}
    return Images(tuple(sorted(names)), _base(operations))


def parse(name: str) -> BaseImage | None:
    """Return the image of a `name` with its digest; `None` for a name that has none."""
    plain, at, digest = name.rpartition("@")
    return BaseImage(plain, Digest(digest)) if at else None


def _base(operations: dict[str, _Op]) -> str:
    used = {each.digest for operation in operations.values() for each in operation.inputs}
    last = [digest for digest in operations if digest not in used]
    operation = operations.get(last[0]) if len(last) == 1 else None
    for _ in operations:
        if operation is None or operation.source is not None:
            break
        operation = operations.get(operation.base)
    return _image(operation) if operation is not None else ""


def _image(operation: _Op) -> str:
    identifier = operation.source.identifier if operation.source else ""
    if identifier.startswith(IN_A_FOLDER):
        return identifier
    return identifier.removeprefix(IMAGE) if identifier.startswith(IMAGE) else ""
