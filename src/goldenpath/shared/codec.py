"""Read and write typed values as JSON files; a wrong field is refused with its path."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from goldenpath.shared.errors import DiskTrouble, StageOutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_DECODERS: dict[tuple[object, bool], msgspec.json.Decoder[Any]] = {}
_MAKING = threading.Lock()
_TOO_DEEP = "it is nested too deeply"


def encode(value: object) -> bytes:
    """Return `value` as indented JSON, ending in a newline; fields in the order of their declaration."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_to_builtin), indent=2) + b"\n"


def decode(raw: bytes | str, kind: type[T], *, strict: bool = True) -> T:
    """Return the value of type `kind` in the JSON `raw`; where not `strict`, numbers may be written as texts.

    Raises `ValueError` naming the path of the field that is wrong.
    """
    try:
        return _decoder(kind, strict=strict).decode(raw)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def decode_any(raw: bytes | str) -> Any:  # noqa: ANN401  any JSON
    """Return whatever the JSON `raw` holds. Raises `ValueError` when it is none."""
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def convert(value: object, kind: type[T]) -> T:
    """Return the plain `value` (of YAML, for example) as a `kind`. Raises `ValueError` naming the wrong field."""
    _decoder(kind, strict=True)
    return msgspec.convert(value, kind)


def _decoder(kind: type[T], *, strict: bool) -> msgspec.json.Decoder[T]:
    """Return the decoder of `kind`, made once.

    msgspec looks at the fields of a class when it first decodes one. Two threads that do so at the same time crash the
    process: one of them uses what the other has half written. So only one thread at a time makes a decoder.
    """
    known = _DECODERS.get((kind, strict))
    if known is None:
        with _MAKING:
            known = msgspec.json.Decoder(kind, strict=strict, dec_hook=_from_builtin)
            _DECODERS[kind, strict] = known
    return known


def write(path: Path, value: object) -> None:
    """Write `value` to `path` as JSON, whole or not at all."""
    write_bytes(path, encode(value))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all. Raises `DiskTrouble` when the disk does not take it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise disk_trouble(error, path) from error


def read(path: Path, kind: type[T], *, written_by: str, take: Callable[[Path], bytes] = Path.read_bytes) -> T:
    """Return the value of type `kind` in the file `path`, which the stage `written_by` leaves and `take` reads.

    Raises `StageOutOfOrder` when the file is missing or is not what that stage writes.
    """
    content = read_bytes(path, written_by=written_by, take=take)
    try:
        return decode(content, kind)
    except ValueError as error:
        raise StageOutOfOrder(
            f"{path} is not a file that `{written_by}` wrote",
            why=str(error),
            fix=f"Run `goldenpath {written_by}` again",
        ) from None


def read_bytes(path: Path, *, written_by: str, take: Callable[[Path], bytes] = Path.read_bytes) -> bytes:
    """Return the content of the file `path`, which the stage `written_by` leaves and `take` reads.

    Raises `StageOutOfOrder` when the file is missing.
    """
    try:
        return take(path)
    except FileNotFoundError:
        raise StageOutOfOrder(
            f"{path.name} is missing from {path.parent}",
            why=f"`{written_by}` writes it, and has not run (or not to its end) with this work folder",
            fix=f"Run `goldenpath {written_by}` first, with the same --work-dir",
        ) from None
    except OSError as error:
        raise disk_trouble(error, path) from error


def disk_trouble(error: OSError, path: Path) -> DiskTrouble:
    """Return the error to raise when the disk refuses `path`."""
    return DiskTrouble(
        f"{error.filename or path} cannot be written or read",
        why=error.strerror or str(error),
        fix="Free some space or choose another folder with --work-dir, then run again",
    )


def _to_builtin(value: object) -> object:
    if isinstance(value, str | Path):
        return str(value)
    raise NotImplementedError(f"no JSON form for {type(value).__name__}")


def _from_builtin(kind: type[Any], value: object) -> Any:  # noqa: ANN401  msgspec's hook is untyped
    if issubclass(kind, str) and isinstance(value, str):
        return kind(value)
    raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
