"""An engine's `docker save` archive made into an OCI image layout, its layers compressed in parallel.

Source: Docker Image Specification 1.2, "Combined Image JSON + Filesystem Changeset Format" (`manifest.json`).
"""

from __future__ import annotations

import hashlib
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, cast

from isal import isal_zlib
from msgspec import Struct, field

from goldenpath.errors import BuildFailed
from goldenpath.model import codec
from goldenpath.model.layout import CONFIG, GZIP_LAYER, MANIFEST, Descriptor, Manifest, PlatformFields, write_index
from goldenpath.model.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_COMPRESSION_LEVEL = 1
_COMPRESSORS = 4
_GZIP_WRAPPER = 31  # zlib's way to ask for gzip around the largest window
_CHUNK = 1 << 20


class _Entry(Struct, frozen=True):
    Config: str
    Layers: list[str]


class _RootFs(Struct, frozen=True):
    diff_ids: list[Digest]


class _Config(Struct, frozen=True):
    architecture: str
    os: str
    rootfs: _RootFs
    variant: str = ""


class _Annotated(Manifest, frozen=True, rename="camel", omit_defaults=True):
    annotations: dict[str, str] = field(default_factory=dict)


class _Stream:
    """Pieces of bytes, read like a file: what `tarfile` needs to read an archive as it arrives."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; fewer only at the end."""
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def convert(pieces: Iterator[bytes], folder: Path, annotations: Mapping[str, str]) -> None:
    """Make the empty `folder` an OCI image layout of the one image in the archive that `pieces` make up.

    The image's config keeps its bytes; each layer is checked against the digest that the config names for it.
    Raises `BuildFailed` when the archive is not what an engine writes.
    """
    unpacked = folder / "unpacked"
    blobs = folder / "blobs" / "sha256"
    for each in (unpacked, blobs):
        each.mkdir(parents=True)
    try:
        files = _unpack(pieces, unpacked)
        entry = codec.decode(files["manifest.json"].read_bytes(), list[_Entry])[0]
        config_bytes = files[entry.Config].read_bytes()
        config = codec.decode(config_bytes, _Config)
        layers = _compress([files[name] for name in entry.Layers], config.rootfs.diff_ids, blobs)
    except (tarfile.TarError, KeyError, IndexError, ValueError) as error:
        raise BuildFailed(
            "the engine's image cannot be read", why=f"{type(error).__name__}: {error}", fix="build again"
        ) from error
    manifest = _Annotated(2, MANIFEST, _store(config_bytes, CONFIG, blobs), layers, dict(annotations))
    stored = _store(codec.encode(manifest), MANIFEST, blobs)
    platform = PlatformFields(config.architecture, config.os, config.variant)
    write_index(folder, Descriptor(MANIFEST, stored.digest, stored.size, platform))
    for path in unpacked.iterdir():
        path.unlink()
    unpacked.rmdir()


def _unpack(pieces: Iterator[bytes], folder: Path) -> Mapping[str, Path]:
    """Write every file of the archive under a name of ours, and return where each archive name went."""
    files: dict[str, Path] = {}
    links: dict[str, str] = {}
    with tarfile.open(fileobj=cast("IO[bytes]", _Stream(pieces)), mode="r|") as archive:
        for member in archive:
            if member.issym() or member.islnk():
                links[member.name] = member.linkname
            elif (content := archive.extractfile(member)) is not None:
                path = folder / str(len(files))
                with path.open("wb") as file:
                    while chunk := content.read(_CHUNK):
                        file.write(chunk)
                files[member.name] = path
    for name, target in links.items():
        # Engines before 25 write a layer that occurs twice as a link `../<id>/layer.tar`.
        files[name] = files[target.removeprefix("../")]
    return files


def _compress(layers: list[Path], diff_ids: list[Digest], blobs: Path) -> list[Descriptor]:
    if len(layers) != len(diff_ids):
        raise ValueError(f"{len(layers)} layers, but the config names {len(diff_ids)}")
    with ThreadPoolExecutor(_COMPRESSORS, thread_name_prefix="compress") as pool:
        parts = [blobs / f"part-{number}" for number in range(len(layers))]
        return list(pool.map(_compress_one, layers, diff_ids, parts))


def _compress_one(layer: Path, diff_id: Digest, part: Path) -> Descriptor:
    plain = hashlib.sha256()
    # A gzip stream without name or time: the same layer gives the same bytes.
    packer = isal_zlib.compressobj(_COMPRESSION_LEVEL, isal_zlib.DEFLATED, _GZIP_WRAPPER)
    with layer.open("rb") as source, part.open("wb") as packed:
        while chunk := source.read(_CHUNK):
            plain.update(chunk)
            packed.write(packer.compress(chunk))
        packed.write(packer.flush())
    if plain.hexdigest() != diff_id.hex:
        raise ValueError(f"a layer is sha256:{plain.hexdigest()}, but the config names {diff_id}")
    with part.open("rb") as file:
        digest = Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
    size = part.stat().st_size
    part.rename(part.with_name(digest.hex))
    return Descriptor(GZIP_LAYER, digest, size)


def _store(content: bytes, media_type: str, blobs: Path) -> Descriptor:
    digest = Digest.of(content)
    codec.write_bytes(blobs / digest.hex, content)
    return Descriptor(media_type, digest, len(content))
