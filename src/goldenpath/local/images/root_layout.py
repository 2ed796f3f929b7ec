"""Write a root file system as an OCI image layout with one layer. The same files give the same digest.

Formats: OCI Image Specification 1.1, "Image Layout", "Image Manifest", "Image Configuration" and "Filesystem Layer".
"""

from __future__ import annotations

import hashlib
import json
import stat
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from isal import isal_zlib

from goldenpath.shared import oci
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

TAG = "base"
_BUFFER = 1 << 20
_GZIP_WINDOW = 31  # tells zlib to write a gzip header and trailer; here they contain no time and no name


@dataclass(frozen=True)
class RootImageConfig:
    """The settings that a container of the image starts with; the fields are those of an OCI image configuration."""

    architecture: str
    env: tuple[str, ...]
    cmd: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    working_dir: str = "/"
    labels: Mapping[str, str] = field(default_factory=dict)


def write(root: Path, into: Path, config: RootImageConfig, *, newest: int, keep: Callable[[str], bool]) -> Digest:
    """Write the tree `root` as an image layout into the empty folder `into`; return the digest of its manifest.

    `keep` returns whether a path (relative, `/` between names) belongs in the image. Without a folder, its content is
    left out too. Times after `newest` (seconds since 1970) become `newest`, so that the time of the build does not
    change the digest.
    """
    blobs = into / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layer, diff_id = _write_layer(root, blobs, newest, keep)
    described = _put(blobs, oci.CONFIG, _image(config, diff_id))
    manifest = {"schemaVersion": 2, "mediaType": oci.MANIFEST, "config": described, "layers": [layer]}
    entry = _put(blobs, oci.MANIFEST, manifest)
    entry["annotations"] = {oci.REF_NAME: TAG}
    entry["platform"] = {"os": "linux", "architecture": config.architecture}
    (into / "index.json").write_bytes(_json({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [entry]}))
    (into / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    return Digest(entry["digest"])


def _write_layer(root: Path, blobs: Path, newest: int, keep: Callable[[str], bool]) -> tuple[dict[str, Any], str]:
    """Write the one layer; return its descriptor, and its digest before compression (`diff_id`)."""
    part = blobs / "layer.part"
    with part.open("wb") as file:
        compressed = _GzipStream(file)
        sink = cast("Any", compressed)  # typeshed asks for more than the stream mode uses
        with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BUFFER) as tar:
            _fill(tar, root, newest, keep)
        compressed.finish()
    size = part.stat().st_size
    part.rename(blobs / compressed.output_hash.hexdigest())
    layer = {"mediaType": oci.GZIP_LAYER, "digest": f"sha256:{compressed.output_hash.hexdigest()}", "size": size}
    return layer, f"sha256:{compressed.input_hash.hexdigest()}"


class _GzipStream:
    """A stream that compresses its input, and hashes both its input and its output."""

    def __init__(self, sink: BinaryIO) -> None:
        self.input_hash = hashlib.sha256()
        self.output_hash = hashlib.sha256()
        self._sink = sink
        self._gzip = isal_zlib.compressobj(1, wbits=_GZIP_WINDOW)

    def write(self, content: bytes) -> int:
        self.input_hash.update(content)
        self._pass_on(self._gzip.compress(content))
        return len(content)

    def finish(self) -> None:
        self._pass_on(self._gzip.flush())

    def _pass_on(self, compressed: bytes) -> None:
        self.output_hash.update(compressed)
        self._sink.write(compressed)


def _fill(tar: tarfile.TarFile, root: Path, newest: int, keep: Callable[[str], bool]) -> None:
    for path in _walk(root, root, keep):
        member = tar.gettarinfo(path, arcname=path.relative_to(root).as_posix())
        member.mtime = min(int(member.mtime), newest)
        member.uname = member.gname = ""
        if member.isreg():
            with path.open("rb") as content:
                tar.addfile(member, content)
        else:
            tar.addfile(member)


def _walk(folder: Path, root: Path, keep: Callable[[str], bool]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        mode = path.lstat().st_mode
        if not keep(path.relative_to(root).as_posix()) or stat.S_ISSOCK(mode):
            continue
        yield path
        if stat.S_ISDIR(mode):
            yield from _walk(path, root, keep)


def _image(config: RootImageConfig, diff_id: str) -> dict[str, Any]:
    started = {
        "Env": list(config.env),
        "Cmd": list(config.cmd),
        "Entrypoint": list(config.entrypoint) or None,
        "WorkingDir": config.working_dir,
        "Labels": dict(config.labels) or None,
    }
    return {
        "architecture": config.architecture,
        "os": "linux",
        "config": {name: value for name, value in started.items() if value is not None},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created_by": "made from Debian packages"}],
    }


def _put(blobs: Path, media_type: str, value: object) -> dict[str, Any]:
    content = _json(value)
    digest = Digest.of(content)
    (blobs / digest.hex).write_bytes(content)
    return {"mediaType": media_type, "digest": str(digest), "size": len(content)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
