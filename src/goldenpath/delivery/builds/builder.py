"""Provide the BuildKit that builds: the pinned version in a container of ours, unless the user names another one.

Why every machine has the same version, and the cost of a container: docs/adr/0020-one-builder.md.
"""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.shared import codec, pins, process, runner
from goldenpath.shared.errors import BadInput, EngineMissing, SecretInImage, ToolFailed, ToolTimeout
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from goldenpath.shared.process import Completed
    from goldenpath.shared.toolchain import Program

# Which engine and builder the user chose, and where their logins to base image registries are.
_CHOICES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_BUILDER", "BUILDX_CONFIG")
# Even without provenance, buildx would start git six times in each build: in the app's checkout, with its
# configuration, which may name programs to run.
_NO_GIT = {"BUILDX_GIT_INFO": "false", "BUILDX_GIT_LABELS": "false"}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_QUICK = 60.0
# The configuration of a builder that is kept at a terminal, named by image, and by engine and rules. Workflow runs use
# longer names.
_KEPT = "goldenpath-????????-????????.toml"
# The image is about 100 MB; a slow network must not look like a missing engine.
_PULL = 600.0
# GOLDENPATH_BUILDKIT names an address, or with this prefix an image to run in the place of the pinned one.
IMAGE = "docker-image://"
_IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*", re.ASCII)
_NO_ENGINE = re.compile(
    r"failed to connect to the docker API|Cannot connect to the Docker daemon|permission denied while"
)


@dataclass(frozen=True)
class Builder:
    """A builder that buildx knows by this `name`: its driver, and the `version` of its BuildKit, empty if unknown."""

    program: Program
    name: str
    driver: str
    version: str
    environment: Mapping[str, str]

    @property
    def description(self) -> str:
        """The programs that build the image, with their versions, for the record."""
        return f"buildx {self.program.version}, BuildKit {self.version or 'unknown'}, {self.driver} driver"

    @property
    def is_pinned(self) -> bool:
        """Whether it is the version that builds everywhere else."""
        return self.version == pinned_version()


def pinned_version() -> str:
    """Return the version of BuildKit that every machine builds with."""
    return _pinned().version


@contextmanager
def provide(
    program: Program, say: Callable[[str], None], *, frontends: tuple[str, ...] | None, keep: bool
) -> Iterator[Builder]:
    """Give a builder while the block lasts: the one that GOLDENPATH_BUILDKIT or BUILDX_BUILDER names, else our own.

    Our own loads only frontends of the repositories `frontends`; `None` stands for any. It is removed after the block,
    with its cache, unless it is to `keep`; it is always removed when the image holds a secret. Raises `EngineMissing`
    when there is none and none can be started, `BadInput` when GOLDENPATH_BUILDKIT names no image.
    """
    variables = runner.variables()
    named = variables.get("GOLDENPATH_BUILDKIT", "")
    chosen = variables.get("BUILDX_BUILDER", "")
    if named and not named.startswith(IMAGE):
        with _warning_of_cache(f"the BuildKit at {named} (`buildctl prune --all`)"):
            yield _remote(program, named)
    elif chosen and not named:
        with _warning_of_cache(f"the builder {chosen} (`docker buildx prune --all --builder {chosen}`)"):
            yield _named(program, chosen)
    else:
        images = (_image(named),) if named else _pinned_images()
        ours = _Container.of(program, images, frontends, keep=keep)
        try:
            yield ours.started(say)
        except SecretInImage:
            # Its cache holds the secret, and would put it into the image of a later build that was given none.
            keep = False
            raise
        finally:
            if not keep:
                ours.remove()


@contextmanager
def _warning_of_cache(builder: str) -> Iterator[None]:
    """Add to a `SecretInImage` that the cache of the user's own `builder` holds it too: we do not empty that cache."""
    try:
        yield
    except SecretInImage as error:
        fix = f"{error.fix}. Empty the cache of {builder} too: it would put the secret into a later image"
        raise SecretInImage(error.what, why=error.why, fix=fix) from error


@dataclass(frozen=True)
class _Container:
    """Our own BuildKit in a container, from the first of `images` that the engine can pull."""

    program: Program
    name: str
    images: tuple[str, ...]
    config: str

    @classmethod
    def of(
        cls, program: Program, images: tuple[str, ...], frontends: tuple[str, ...] | None, *, keep: bool
    ) -> _Container:
        config = "" if frontends is None else _config(frontends)
        engine = [_environment().get(name, "") for name in ("DOCKER_HOST", "DOCKER_CONTEXT")]
        image, rules = (_short("\n".join(texts)) for texts in (images, (config, *engine, *_proxies())))
        return cls(program, f"goldenpath-{image}-{rules if keep else secrets.token_hex(6)}", images, config)

    def started(self, say: Callable[[str], None]) -> Builder:
        """Return the running builder; starts one that was kept from an earlier build again."""
        environment = _own_environment()
        if _inspect(self.program, self.name, environment).code == 0:
            with suppress(ToolFailed, ToolTimeout):
                return self._booted(environment)
            self.remove()
        self._remove_outdated(environment)
        refusals = []
        for image in self.images:
            say(f"starting BuildKit from {image}")
            try:
                self._create(image, environment)
                return self._booted(environment)
            except (ToolFailed, ToolTimeout) as error:
                refusals.append(error.why or error.what)
                self.remove()
                if _NO_ENGINE.search(refusals[-1]):
                    raise no_builder(refusals[-1]) from error
        raise EngineMissing(
            "BuildKit could not be started in a container",
            why="\n".join(dict.fromkeys(refusals)),
            fix="Where the image cannot be pulled, log in with `docker login`, or name a copy of it that this machine "
            f"can reach: GOLDENPATH_BUILDKIT={IMAGE}<registry>/moby/buildkit@{_digest()}; docs/workflow.md lists the "
            "ways",
        )

    def remove(self) -> None:
        """Remove the container and its cache. A failure is ignored: the rest harms no later build."""
        with suppress(ToolFailed, ToolTimeout):
            environment = _own_environment()
            process.run(self.program.path, "rm", self.name, timeout=_QUICK, environment=environment, accept=(0, 1))
            self._config_file(environment).unlink(missing_ok=True)

    def _remove_outdated(self, environment: Mapping[str, str]) -> None:
        """Remove the kept containers, and their caches, of images that are not built with any more."""
        for config in Path(environment["BUILDX_CONFIG"]).glob(_KEPT):
            if not config.name.startswith(self.name.rpartition("-")[0]):
                replace(self, name=config.stem).remove()

    def _create(self, image: str, environment: Mapping[str, str]) -> None:
        config = self._config_file(environment)
        codec.write_bytes(config, self.config.encode())
        process.run(
            self.program.path, "create", f"--name={self.name}", "--driver=docker-container",
            f"--buildkitd-config={config}", f"--driver-opt=image={image}", *_proxies(),
            timeout=_QUICK, environment=environment,
        )  # fmt: skip

    def _config_file(self, environment: Mapping[str, str]) -> Path:
        return Path(environment["BUILDX_CONFIG"], f"{self.name}.toml")

    def _booted(self, environment: Mapping[str, str]) -> Builder:
        boot = ("inspect", "--bootstrap", self.name)
        shown = process.run(self.program.path, *boot, timeout=_PULL, environment=environment)
        return _described(self.program, self.name, environment, shown)


def _image(named: str) -> str:
    image = named.removeprefix(IMAGE)
    # The name becomes part of a comma-separated option of buildx, and an empty one means buildx's own choice.
    if not _IMAGE_NAME.fullmatch(image):
        raise BadInput(
            f"GOLDENPATH_BUILDKIT names no image: {named!a}",
            fix=f"Set it to {IMAGE}<registry>/moby/buildkit@{_digest()}, or unset it",
        )
    return image


def _short(text: str) -> str:
    return Digest.of(text.encode()).hex[:8]


def _pinned() -> pins.Tool:
    return next(tool for tool in pins.load() if tool.name == "buildkitd")


def _pinned_images() -> tuple[str, ...]:
    image = _pinned().image
    return image.references if image else ()


def _config(frontends: tuple[str, ...]) -> str:
    """Return buildkitd's configuration: a second check of the frontend, after our own check of the Dockerfile."""
    names = ", ".join(f'"{name}"' for name in frontends)
    return f'[frontend."gateway.v0"]\n  allowedRepositories = [{names}]\n'


def _proxies() -> Iterator[str]:
    """Yield the options by which the BuildKit in the container uses the same proxies as this machine."""
    for name in _PROXIES:
        if value := runner.variables().get(name):
            option = f"env.{name}={value}"
            # The option is one record of comma-separated values.
            yield f'--driver-opt="{option}"' if "," in option else f"--driver-opt={option}"


def _environment() -> dict[str, str]:
    """Return the variables that lead buildx to the engine and the builder which the user chose."""
    return {name: value for name, value in runner.variables().items() if name in _CHOICES} | _NO_GIT


def _own_environment() -> dict[str, str]:
    """Return the variables of `_environment`, with a configuration folder of our own unless the user chose one."""
    folder = runner.variables().get("BUILDX_CONFIG") or str(runner.cache_dir() / "buildx")
    return {**_environment(), "BUILDX_CONFIG": folder}


def _remote(program: Program, address: str) -> Builder:
    if address.startswith("unix://") and not Path(address.removeprefix("unix://")).is_socket():
        raise EngineMissing(
            f"No BuildKit listens at {address}",
            why="GOLDENPATH_BUILDKIT names that address",
            fix="Start BuildKit there, or unset GOLDENPATH_BUILDKIT so that one is started in a container",
        )
    environment = _own_environment()
    name = f"goldenpath-{Digest.of(address.encode()).hex[:12]}"
    shown = _inspect(program, name, environment)
    if shown.code:
        process.run(
            program.path, "create", f"--name={name}", "--driver=remote", address,
            timeout=_QUICK, environment=environment, accept=(0, 1),
        )  # fmt: skip
        shown = _inspect(program, name, environment)
    return _described(program, name, environment, shown)


def _named(program: Program, name: str) -> Builder:
    environment = _environment()
    return _described(program, name, environment, _inspect(program, name, environment))


def _inspect(program: Program, name: str, environment: Mapping[str, str]) -> Completed:
    try:
        return process.run(program.path, "inspect", name, timeout=_QUICK, environment=environment, accept=(0, 1))
    except (ToolFailed, ToolTimeout) as error:
        raise no_builder(error.why or error.what) from error


def _described(program: Program, name: str, environment: Mapping[str, str], shown: Completed) -> Builder:
    """Return the builder that `buildx inspect` has `shown`. Raises `EngineMissing` when it knows none."""
    if shown.code:
        raise no_builder(shown.output_tail)
    text = shown.stdout.decode("utf-8", "replace")
    version = _field(text, "BuildKit version").removeprefix("v")
    return Builder(program, name, _field(text, "Driver"), version, environment)


def _field(text: str, name: str) -> str:
    match = re.search(rf"^{name}:\s*(\S+)", text, re.MULTILINE)
    return match[1] if match else ""


def no_builder(why: str) -> EngineMissing:
    """Return the error for a machine without a working builder."""
    return EngineMissing(
        "There is nothing to build the image with",
        why=why,
        fix="Start Docker (or set DOCKER_HOST to a running engine), let this user use it, then run again",
    )


def _digest() -> str:
    image = _pinned().image
    return image.digest if image else ""
