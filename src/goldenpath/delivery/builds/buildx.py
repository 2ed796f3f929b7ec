"""Run buildx, which builds the image into an OCI image layout."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from goldenpath.delivery.builds.builder import no_builder
from goldenpath.delivery.model.secret_forms import redacted
from goldenpath.shared import process, runner
from goldenpath.shared.errors import BuildFailed, DiskTrouble, EngineMissing, ToolFailed, ToolTimeout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.delivery.builds.builder import Builder
    from goldenpath.delivery.model.build_secrets import BuildSecret, SshSource
    from goldenpath.shared.errors import GoldenPathError
    from goldenpath.shared.names import Platform

EPOCH = "SOURCE_DATE_EPOCH"
BUILD_TIMEOUT = 3600.0
# Reading a Dockerfile asks a registry for each image that it names.
READ_TIMEOUT = 100.0
# BuildKit's own name of the request for its build graph, and how it words that a frontend does not know it.
_GRAPH = "convertllb"
_UNKNOWN = f"unsupported request frontend.{_GRAPH}"
# buildx reads the source policy from the file that this variable names (docs/adr/0026-base-images.md).
_SOURCES = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
# Texts of buildx for failures that are no mistake in a Dockerfile.
_NO_SPACE = "no space left on device"
_NO_CONNECTION = "[internal] waiting for connection"
_NO_LAYOUT = "OCI exporter is not supported for the"
_CERTIFICATES, _VARIABLE = "ca", "GOLDENPATH_BUILD_SECRET_"
_OCI = "type=oci,tar=false,oci-mediatypes=true"
# BuildKit writes this time into the image's configuration wherever a time does not come from the base image. No image
# has it, so the code that writes the layers again recognises its own entries.
MARK = 97_445
_AS_THEY_ARE = f"{_OCI},compression=uncompressed,source-date-epoch={MARK}"
# gzip's level 1 halves the time of a build's export, for 7 % more bytes.
_REWRITTEN = f"{_OCI},compression=gzip,compression-level=1,rewrite-timestamp=true"


@dataclass(frozen=True)
class BuildOrder:
    """What to build. `epoch` is the commit's time, in seconds since 1970; with `tells_epoch` the build receives it.

    RUN steps may mount the `secrets` and use `ssh`. No value of a secret is on a command line or in an error.
    """

    context: Path
    dockerfile: Path
    epoch: int
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    build_args: tuple[tuple[str, str], ...] = ()
    build_contexts: tuple[tuple[str, str], ...] = ()
    target: str = ""
    platforms: tuple[Platform, ...] = ()
    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[SshSource, ...] = ()
    tells_epoch: bool = False


def graph(chosen: Builder, order: BuildOrder) -> bytes | None:
    """Return BuildKit's build graph for `order`, in JSON; `None` where the frontend cannot give one.

    Nothing is built, so no secret is given. Raises `BuildFailed` when the Dockerfile, or an image that it names, cannot
    be read.
    """
    order = replace(order, secrets=(), ssh=())
    try:
        return process.run(
            chosen.program.path, "build", f"--builder={chosen.name}", "--progress=plain",
            f"--call={_GRAPH},format=json", *_words(order), "--", order.context,
            timeout=READ_TIMEOUT, environment=chosen.environment,
        ).stdout  # fmt: skip
    except (ToolFailed, ToolTimeout) as error:
        if _UNKNOWN in error.why:
            return None
        raise _explained(error, chosen, order) from error


def build_layout(
    chosen: Builder,
    order: BuildOrder,
    folder: Path,
    *,
    sources: Path | None = None,
    cache: tuple[str, ...] = (),
    is_final: bool = False,
) -> None:
    """Build `order` into the OCI image layout `folder`; the file `sources` holds the source policy.

    Its layers are as BuildKit made them, and have to be written again, unless it `is_final`: then no file is newer than
    the commit. `cache` are the options of its build cache. Raises `BuildFailed` with the end of the build's output.
    """
    if is_final:
        order = replace(order, tells_epoch=True)
    # Without a kind they would be only on each platform's manifest, and the tags name the index above them.
    kind = "index,manifest:" if len(order.platforms) > 1 else ""
    annotations = (f"--annotation={kind}{key}={value}" for key, value in order.annotations.items())
    policy = {_SOURCES: str(sources)} if sources else {}
    output = _REWRITTEN if is_final else _AS_THEY_ARE
    _build(chosen, order, policy, f"--output={output},dest={folder}", *cache, *annotations)


def _build(chosen: Builder, order: BuildOrder, variables: Mapping[str, str], *output: str) -> None:
    try:
        process.run(
            chosen.program.path, "build", f"--builder={chosen.name}", "--progress=plain",
            "--provenance=false", "--sbom=false", *output, *_words(order), "--", order.context,
            timeout=BUILD_TIMEOUT, environment={**chosen.environment, **variables, **_secret_variables(order)},
        )  # fmt: skip
    except (ToolFailed, ToolTimeout) as error:
        raise _explained(error, chosen, order) from error


def _explained(error: ToolFailed | ToolTimeout, chosen: Builder, order: BuildOrder) -> GoldenPathError:
    """Return the error to raise for a build that ended with `error`: the Dockerfile is not the only possible cause."""
    why = redacted(error.why or error.what, order.secrets)
    if _NO_SPACE in why:
        return DiskTrouble(
            "The disk is full, and the image could not be built",
            why=why,
            fix="Free some space, or choose another folder with --work-dir, then run again",
        )
    if _NO_CONNECTION in why:
        return no_builder(why)
    if _NO_LAYOUT in why:
        return EngineMissing(
            f"The builder {chosen.name} cannot export an image layout",
            why=why,
            fix="Unset BUILDX_BUILDER, so that the platform's own BuildKit builds, or name another builder in it",
        )
    return BuildFailed(
        "The image could not be built",
        why=why,
        fix=f"Fix {order.dockerfile.name}, or the files that it copies, and build again",
    )


def _words(order: BuildOrder) -> list[str]:
    words = [f"--file={order.dockerfile}"]
    # Each WORKDIR, and all that follows it, would be built again for another value.
    words += [f"--build-arg={EPOCH}={order.epoch}"] if order.tells_epoch else []
    words += [f"--build-arg={name}={value}" for name, value in order.build_args]
    words += [f"--build-context={name}={value}" for name, value in order.build_contexts]
    words += [f"--label={name}={value}" for name, value in order.labels.items()]
    words += [f"--target={order.target}"] if order.target else []
    words += [f"--platform={','.join(order.platforms)}"] if order.platforms else []
    words += _secret_words(order)
    words += [f"--ssh={source.id}={','.join(source.paths)}" for source in order.ssh]
    # Behind a proxy that signs for itself, a RUN step needs the host's certificates; the image must not keep them.
    bundle = runner.variables().get("SSL_CERT_FILE")
    if bundle and not any(secret.id == _CERTIFICATES for secret in order.secrets):
        words.append(f"--secret=id={_CERTIFICATES},src={bundle}")
    return words


def _secret_words(order: BuildOrder) -> Iterator[str]:
    for number, secret in enumerate(order.secrets):
        if secret.file is None:
            yield f"--secret=id={secret.id},type=env,env={_VARIABLE}{number}"
        else:
            # The option is one record of comma-separated values, in which a quote is written twice.
            path = str(secret.file).replace('"', '""')
            yield f'--secret=id={secret.id},type=file,"src={path}"'


def _secret_variables(order: BuildOrder) -> dict[str, str]:
    """Return the variables by which buildx receives the secrets that are in no file; no other process gets them."""
    return {
        f"{_VARIABLE}{number}": secret.value.decode("utf-8", "surrogateescape")
        for number, secret in enumerate(order.secrets)
        if secret.file is None
    }
