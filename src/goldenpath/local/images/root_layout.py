"""Write a root file system as an OCI image layout with one layer. The same files give the same digest.

Formats: OCI Image Specification 1.1, "Image Manifest", "Image Configuration" and "Filesystem Layer".
"""

from __future__ import annotations

import stat
import tarfile
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from goldenpath.delivery.layers import layer_files
from goldenpath.delivery.layers.layer_archive import Times
from goldenpath.delivery.model.layout import Layout, PlatformFields, write_index
from goldenpath.shared import oci

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from goldenpath.delivery.layers.layer_files import WrittenLayer
    from goldenpath.shared.names import Digest

TAG = "base"


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
    layout = Layout(into)
    layout.blobs.mkdir(parents=True)
    written = _layer(root, layout, newest, keep)
    config_blob = layout.store(oci.CONFIG, _image(config, written.diff_id))
    content = {"schemaVersion": 2, "mediaType": oci.MANIFEST, "config": config_blob, "layers": [written.layer]}
    manifest = layout.store(oci.MANIFEST, content)
    platform = PlatformFields(config.architecture, "linux")
    write_index(into, replace(manifest, annotations={oci.REF_NAME: TAG}, platform=platform))
    return manifest.digest


def _layer(root: Path, layout: Layout, newest: int, keep: Callable[[str], bool]) -> WrittenLayer:
    with tempfile.TemporaryFile(dir=layout.path) as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in _walk(root, root, keep):
                _add(tar, path, path.relative_to(root).as_posix())
        file.seek(0)
        return layer_files.write(file, Times(newest, kept_before=newest), layout.blobs)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tar.gettarinfo(path, arcname=name)
    member.mtime = int(member.mtime)
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


def _image(config: RootImageConfig, diff_id: Digest) -> dict[str, Any]:
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
