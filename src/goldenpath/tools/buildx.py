"""buildx: BuildKit builds the image, straight into an OCI image layout where the builder can, else into the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from goldenpath import runner
from goldenpath.errors import BuildFailed, DiskTrouble, EngineMissing, ToolFailed, ToolTimeout
from goldenpath.model import codec
from goldenpath.model.names import Digest
from goldenpath.tools import docker_engine, process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.errors import GoldenPathError
    from goldenpath.model.names import Platform
    from goldenpath.tools.toolchain import Program

BUILD_TIMEOUT = 3600.0
_QUICK = 60.0
# How buildx words what is no mistake in a Dockerfile.
_NO_SPACE = "no space left on device"
_NO_CONNECTION = "[internal] waiting for connection"
# gzip's level 1 halves the time of a build's export, for 7 % more bytes.
_OCI = "type=oci,tar=false,oci-mediatypes=true,compression=gzip,compression-level=1,rewrite-timestamp=true"


@dataclass(frozen=True)
class Order:
    """What to build. `epoch` is the time to put on every file made, in seconds since 1970."""

    context: Path
    dockerfile: Path
    epoch: int
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    build_args: tuple[tuple[str, str], ...] = ()
    build_contexts: tuple[tuple[str, str], ...] = ()
    target: str = ""
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True)
class Builder:
    """A builder that buildx can use: its `name`, its driver, and whether it can export an OCI layout."""

    program: Program
    name: str
    driver: str
    exports_layout: bool
    environment: Mapping[str, str]

    @property
    def description(self) -> str:
        """What built the image, for the record."""
        return f"buildx {self.program.version}, {self.driver} driver"


class _Row(Struct, frozen=True):
    Name: str
    Driver: str
    Current: bool = False


def builder(program: Program) -> Builder:
    """Return the builder to use: the BuildKit that `GOLDENPATH_BUILDKIT` names, else buildx's current builder.

    Raises `EngineMissing` when there is neither that nor a Docker Engine.
    """
    address = runner.variables().get("GOLDENPATH_BUILDKIT", "")
    if address:
        return _remote(program, address)
    environment = docker_engine.environment()
    row = _current(program, environment)
    # A context whose engine does not answer is listed without a driver.
    if row.Driver not in {"docker", ""}:
        return Builder(program, row.Name, row.Driver, exports_layout=True, environment=environment)
    return Builder(program, row.Name, row.Driver, docker_engine.exports_layout(), environment)


def build_layout(chosen: Builder, order: Order, folder: Path) -> None:
    """Build `order` into the OCI image layout `folder`. Raises `BuildFailed`, quoting the build's last words."""
    # Without a kind they would be on each platform's manifest alone, and the tags name the index above them.
    kind = "index,manifest:" if len(order.platforms) > 1 else ""
    annotations = (f"--annotation={kind}{key}={value}" for key, value in order.annotations.items())
    _build(chosen, order, f"--output={_OCI},dest={folder}", *annotations)


def build_in_engine(chosen: Builder, order: Order, tag: str) -> None:
    """Build `order` into the engine's own store, under the name `tag`. Raises `BuildFailed`."""
    _build(chosen, order, "--load", f"--tag={tag}")


def _build(chosen: Builder, order: Order, *output: str) -> None:
    try:
        process.run(
            chosen.program.path, "build", f"--builder={chosen.name}", "--progress=plain",
            "--provenance=false", "--sbom=false", *output, *_words(order), "--", order.context,
            timeout=BUILD_TIMEOUT, environment=chosen.environment,
        )  # fmt: skip
    except (ToolFailed, ToolTimeout) as error:
        raise _explained(error, order) from error


def _explained(error: ToolFailed | ToolTimeout, order: Order) -> GoldenPathError:
    """Return the error to raise for a build that ended with `error`: not every one is the Dockerfile's."""
    why = error.why or error.what
    if _NO_SPACE in why:
        return DiskTrouble(
            "the disk is full, and the image could not be built",
            why=why,
            fix="free some space, or choose another folder with --work-dir, then run again",
        )
    if _NO_CONNECTION in why:
        return _no_builder(why)
    return BuildFailed(
        "the image could not be built",
        why=why,
        fix=f"mend {order.dockerfile.name}, or what it copies, and build again",
    )


def _words(order: Order) -> list[str]:
    words = [f"--file={order.dockerfile}", f"--build-arg=SOURCE_DATE_EPOCH={order.epoch}"]
    words += [f"--build-arg={name}={value}" for name, value in order.build_args]
    words += [f"--build-context={name}={value}" for name, value in order.build_contexts]
    words += [f"--label={name}={value}" for name, value in order.labels.items()]
    words += [f"--target={order.target}"] if order.target else []
    words += [f"--platform={','.join(order.platforms)}"] if order.platforms else []
    # Behind a proxy that signs for itself, a RUN step needs the host's certificates; the image must not keep them.
    if bundle := runner.variables().get("SSL_CERT_FILE"):
        words.append(f"--secret=id=ca,src={bundle}")
    return words


def _remote(program: Program, address: str) -> Builder:
    if address.startswith("unix://") and not Path(address.removeprefix("unix://")).is_socket():
        raise EngineMissing(
            f"no BuildKit answers at {address}",
            why="GOLDENPATH_BUILDKIT names that address",
            fix="start BuildKit there, or unset GOLDENPATH_BUILDKIT so that buildx's own builder is used",
        )
    kept = runner.variables().get("BUILDX_CONFIG") or str(runner.cache_dir() / "buildx")
    environment = {**docker_engine.environment(), "BUILDX_CONFIG": kept}
    name = f"goldenpath-{Digest.of(address.encode()).hex[:12]}"
    known = process.run(program.path, "inspect", name, timeout=_QUICK, environment=environment, accept=(0, 1))
    if known.code:
        process.run(
            program.path, "create", f"--name={name}", "--driver=remote", address,
            timeout=_QUICK, environment=environment, accept=(0, 1),
        )  # fmt: skip
    return Builder(program, name, "remote", exports_layout=True, environment=environment)


def _current(program: Program, environment: Mapping[str, str]) -> _Row:
    try:
        listed = process.run(
            program.path, "ls", "--format={{json .}}", timeout=_QUICK, environment=environment
        ).stdout.splitlines()
        rows = [codec.decode(line, _Row) for line in listed if line.strip()]
    except (ToolFailed, ToolTimeout, ValueError, msgspec.MsgspecError) as error:
        raise _no_builder(str(error)) from error
    for row in rows:
        if row.Current:
            return row
    raise _no_builder("buildx names no current builder")


def _no_builder(why: str) -> EngineMissing:
    return EngineMissing(
        "there is nothing to build the image with",
        why=why,
        fix="start Docker (or set DOCKER_HOST to a running engine), then run again",
    )
