"""A Docker Engine, through the docker package: is one there, can it export layouts, and give me this image."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldenpath import runner
from goldenpath.errors import EngineMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

# Which engine and builder the user chose, and where their logins to base image registries are.
_CHOICES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_BUILDER", "BUILDX_CONFIG")
_CONTAINERD = ["driver-type", "io.containerd.snapshotter.v1"]
# Seconds. Without containerd's store the engine writes the whole image down before it gives the first byte of it.
_TIMEOUT, _SAVE_TIMEOUT = 30, 900
_CHUNK = 1 << 20


def environment() -> dict[str, str]:
    """Return the variables that lead buildx to the engine which the user chose."""
    return {name: value for name, value in runner.variables().items() if name in _CHOICES}


def exports_layout() -> bool:
    """Tell whether the engine keeps images in containerd's store, and so can export an OCI image layout.

    Raises `EngineMissing` when no engine answers.
    """
    with _engine() as client:
        return _CONTAINERD in (client.info().get("DriverStatus") or [])


@contextmanager
def saved(tag: str) -> Iterator[Iterator[bytes]]:
    """Give the archive of the image `tag` in pieces, as `docker save` writes it; remove the image at the end."""
    with _engine(_SAVE_TIMEOUT) as client:
        image = client.images.get(tag)
        try:
            yield image.save(chunk_size=_CHUNK, named=True)
        finally:
            client.images.remove(tag, force=True)


@contextmanager
def _engine(timeout: int = _TIMEOUT) -> Iterator[docker.DockerClient]:
    # Loaded where it is used: every other stage would wait for it too.
    import docker  # noqa: PLC0415
    from docker.errors import DockerException  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        client = docker.from_env(timeout=timeout, environment=dict(runner.variables()))
        try:
            yield client
        finally:
            client.close()
    except (DockerException, RequestException) as error:
        raise EngineMissing(
            "no Docker Engine answers",
            why=str(error),
            fix="start Docker (or set DOCKER_HOST to a running engine), then run again",
        ) from error
