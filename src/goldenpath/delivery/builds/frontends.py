"""Choose the program that reads the Dockerfile: BuildKit's own, or an image that the platform allows here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import builder
from goldenpath.delivery.model import frontend
from goldenpath.shared.errors import FrontendRefused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.delivery.builds.buildx import BuildOrder
    from goldenpath.delivery.model.frontend import Frontend
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.delivery.stage import Run

# BuildKit prefers this build argument to the line in the Dockerfile.
_ARGUMENT = "BUILDKIT_SYNTAX"
_BY_ARGUMENT = f"the build argument {_ARGUMENT}"
_BUILT = "the build of this image"
_IN_DOCKERFILE = f"Write `# syntax={frontend.SHORT}` there, or delete the line"
_INSTEAD = {_BY_ARGUMENT: "Leave it out", _BUILT: "Build it again for this environment, with another frontend"}


@dataclass(frozen=True)
class FrontendChoice:
    """An `order` whose Dockerfile is read by allowed programs: the images among them, and `warnings` for the user."""

    order: BuildOrder
    images: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Wish:
    """A frontend that is named for this build, and the `place` that names it."""

    frontend: Frontend
    place: str

    @property
    def sentence(self) -> str:
        """The beginning of a sentence about it."""
        return f"{self.place[0].upper()}{self.place[1:]} names the frontend {self.frontend.written!a}"


def choose(run: Run, order: BuildOrder, folder: Path) -> FrontendChoice:
    """Return `order` with a Dockerfile in `folder` that an allowed frontend reads.

    The build reads only that checked copy. The copy does not name Docker's own frontend where BuildKit has it built in:
    the image behind its tag changes from day to day. Raises `FrontendRefused` for an image that the environment does
    not allow.
    """
    text = order.dockerfile.read_bytes()
    named = frontend.named_in(text)
    wishes = [
        _Wish(frontend.parse(value.strip()), _BY_ARGUMENT) for name, value in order.build_args if name == _ARGUMENT
    ]
    if named:
        wishes.append(_Wish(named.frontend, f"line {named.line} of {order.dockerfile.name}"))
    is_inside = bool(wishes) and wishes[0].frontend.is_built_in and (named is None or named.is_comment)
    for wish in wishes:
        if not (is_inside and wish.frontend.is_built_in):
            _require_allowed(wish, run.environment)
    if not is_inside:
        copy = replace(order, dockerfile=_copied(order.dockerfile, text, folder))
        warnings = _warnings(wishes, run.environment, has_secrets=bool(order.secrets or order.ssh))
        return FrontendChoice(copy, tuple(wish.frontend.written for wish in wishes), warnings)
    run.say(
        f"{wishes[0].frontend.written} ({wishes[0].place}) is inside BuildKit {builder.pinned_version()}: not pulled"
    )
    copied = _copied(order.dockerfile, frontend.without(text, named) if named else text, folder)
    arguments = tuple(argument for argument in order.build_args if argument[0] != _ARGUMENT)
    return FrontendChoice(replace(order, dockerfile=copied, build_args=arguments), (), ())


def require_allowed(images: Iterable[str], environment: Environment) -> None:
    """Raise `FrontendRefused` where one of the `images` that read a candidate's Dockerfile is not allowed."""
    for image in images:
        _require_allowed(_Wish(frontend.parse(image), _BUILT), environment)


def _warnings(wishes: list[_Wish], environment: Environment, *, has_secrets: bool) -> tuple[str, ...]:
    if environment.frontends is not None:
        return ()
    reads = ". It can read the secrets of this build" if has_secrets else ""
    return tuple(
        f"{wish.sentence}: an image that runs in the builder and decides what is built{reads}. Environments whose "
        "gates block may refuse it"
        for wish in wishes
    )


def _require_allowed(wish: _Wish, environment: Environment) -> None:
    allowed = environment.frontends
    if allowed is None or wish.frontend.is_one_of(allowed):
        return
    raise FrontendRefused(
        f"{wish.sentence}, which {environment.name} does not allow",
        why="A frontend is a program that runs in the builder and decides what is built; the platform allows "
        f"{', '.join(allowed)}",
        fix=f"{_INSTEAD.get(wish.place, _IN_DOCKERFILE)}; or ask the platform team to list it under `frontends` "
        "(docs/policy.md)",
    )


def _copied(original: Path, content: bytes, folder: Path) -> Path:
    """Write `content` as a Dockerfile into `folder`, with the ignore file that BuildKit looks for beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / original.name
    copy.write_bytes(content)
    ignored = original.with_name(f"{original.name}.dockerignore")
    if ignored.is_file():
        (folder / ignored.name).write_bytes(ignored.read_bytes())
    return copy
