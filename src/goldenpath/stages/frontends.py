"""Which program reads the Dockerfile: BuildKit's own, or an image that the platform allows here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.errors import FrontendRefused
from goldenpath.model import frontend
from goldenpath.tools import builder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.model.frontend import Frontend
    from goldenpath.stages.base import Run
    from goldenpath.tools.buildx import Order

# BuildKit prefers this build argument to what the Dockerfile says.
_ARGUMENT = "BUILDKIT_SYNTAX"
_BY_ARGUMENT = f"the build argument {_ARGUMENT}"


@dataclass(frozen=True)
class _Wish:
    """A frontend that somebody wants, and the `place` where they say so."""

    frontend: Frontend
    place: str


def settled(run: Run, order: Order, folder: Path) -> tuple[Order, tuple[str, ...]]:
    """Return `order` with a Dockerfile in `folder` that an allowed frontend reads, and warnings for the user.

    Only that copy, which was checked, is built. Docker's own frontend is left out where BuildKit has it inside: what
    its tag means changes from day to day. Raises `FrontendRefused` for an image that the environment does not allow.
    """
    dockerfile = order.dockerfile.read_bytes()
    named = frontend.named_in(dockerfile)
    wishes = [_Wish(_wanted(value), _BY_ARGUMENT) for name, value in order.build_args if name == _ARGUMENT]
    if named:
        wishes.append(_Wish(named.frontend, f"line {named.line} of {order.dockerfile.name}"))
    warnings = tuple(warning for wish in wishes for warning in _require_allowed(wish, run))
    if named and named.is_comment and named.frontend.is_built_in:
        dockerfile = frontend.without(dockerfile, named)
    arguments = tuple(each for each in order.build_args if each[0] != _ARGUMENT or not _wanted(each[1]).is_built_in)
    return replace(order, dockerfile=_copied(order.dockerfile, dockerfile, folder), build_args=arguments), warnings


def _wanted(argument: str) -> Frontend:
    return frontend.parse(argument.strip())


def _require_allowed(wish: _Wish, run: Run) -> Iterator[str]:
    """Give a warning where a frontend of the app's choice runs. Raises `FrontendRefused` where it may not."""
    name, allowed = wish.frontend.written, run.environment.frontends
    if wish.frontend.is_built_in:
        run.say(f"{name} ({wish.place}) is the frontend inside BuildKit {builder.pinned_version()}; no image is pulled")
    elif allowed is None:
        yield (
            f"{wish.place} names the frontend {name}: an image that runs in the builder and decides what is built. "
            "Environments whose gates block may refuse it"
        )
    elif not wish.frontend.is_one_of(allowed):
        raise _refused(wish, run.environment.name, allowed)


def _refused(wish: _Wish, environment: str, allowed: tuple[str, ...]) -> FrontendRefused:
    instead = (
        "leave it out" if wish.place == _BY_ARGUMENT else f"write `# syntax={frontend.SHORT}` there, or delete the line"
    )
    return FrontendRefused(
        f"{wish.place} names the frontend {wish.frontend.written!a}, which {environment} does not allow",
        why="a frontend is a program that runs in the builder and decides what is built; the platform allows "
        f"{', '.join(allowed)}",
        fix=f"{instead}; or ask the platform team to list it under `frontends` (docs/policy.md)",
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
