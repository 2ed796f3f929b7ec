"""Report pointers of git-lfs and empty folders of submodules in the build context.

The build does not fail with them: the image holds a pointer of three lines in the place of a model, or no library.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import dockerignore
from goldenpath.shared import git
from goldenpath.shared.errors import SourceIncomplete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.delivery.checkout.checkout import Checkout
    from goldenpath.delivery.stage import Run

_NAMED_AT_MOST = 5
_NOT_NEEDED = "If the build does not need them, list them in .dockerignore."


def require(run: Run, checked_out: Checkout) -> tuple[str, ...]:
    """Return warnings about missing files of the build context. Raises `SourceIncomplete` where a gate blocks."""
    in_context = _in_contexts(run)
    root = git.top(run.request.source).resolve()
    pointers = [path for path in checked_out.pointers if in_context(root / path)]
    empty = [path for path in checked_out.submodules if _is_empty(root / path) and in_context(root / path)]
    errors = tuple(_missing(pointers, empty))
    if errors and run.environment.blocks:
        raise errors[0]
    return tuple(f"{error.what}. {error.fix}." for error in errors)


def _missing(pointers: list[str], empty: list[str]) -> Iterator[SourceIncomplete]:
    if pointers:
        count = "1 file" if len(pointers) == 1 else f"{len(pointers)} files"
        yield SourceIncomplete(
            f"The build context has the git-lfs pointer, not the content, of {count}: {_named(pointers)}",
            why="The checkout was made without git-lfs, and the image would hold the pointers",
            fix=f"Set `lfs: true` beside `environment` in the workflow; at a terminal: git lfs pull. {_NOT_NEEDED}",
        )
    if empty:
        count = "1 submodule" if len(empty) == 1 else f"{len(empty)} submodules"
        yield SourceIncomplete(
            f"The build context has an empty folder for {count}: {_named(empty)}",
            why="The checkout was made without submodules, and the image would lack their files",
            fix="Set `submodules: 'true'` (or `recursive`) beside `environment` in the workflow; at a terminal: "
            f"git submodule update --init --recursive. {_NOT_NEEDED}",
        )


def _named(paths: list[str]) -> str:
    return ", ".join(paths[:_NAMED_AT_MOST]) + (" …" if len(paths) > _NAMED_AT_MOST else "")


def _is_empty(place: Path) -> bool:
    """Tell whether the folder `place` is empty. A sparse checkout leaves out the whole folder of a submodule."""
    return place.is_dir() and not any(place.iterdir())


def _in_contexts(run: Run) -> Callable[[Path], bool]:
    """Return a function that tells whether a place is sent to the build, in its context or a named one."""
    request = run.request
    named = (Path.cwd() / value for _, value in request.build_contexts if "://" not in value)
    roots = [(request.build_context.resolve(), dockerignore.matcher(request.build_context, request.dockerfile_path))]
    roots += [(folder.resolve(), dockerignore.matcher(folder)) for folder in named if folder.is_dir()]

    def sent(place: Path) -> bool:
        return any(_is_sent(place, root, ignored) for root, ignored in roots)

    return sent


def _is_sent(place: Path, root: Path, ignored: Callable[[str], bool]) -> bool:
    return place.is_relative_to(root) and not ignored(place.relative_to(root).as_posix())
