"""Find the time when the inputs of a layer last changed, in the history of the commit that is built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import dockerignore
from goldenpath.delivery.layers import last_change
from goldenpath.delivery.model.layer_inputs import CONTEXT
from goldenpath.shared import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from goldenpath.delivery.builds.context_artifact import Addition
    from goldenpath.delivery.model.layer_inputs import ContextPath, LayerInputs
    from goldenpath.delivery.stage import Run


_PATTERN = re.compile(r"[*?\[\\]")


@dataclass(frozen=True)
class LayerHistory:
    """The history of `commit` in the clone `source`; `epoch` is the commit's time.

    `contexts` are the folders of the build contexts by their names; `added` are files that no commit holds.
    """

    source: Path
    commit: str
    epoch: int
    dockerfile: Path
    contexts: dict[str, Path]
    added: tuple[Path, ...] = ()

    @classmethod
    def of(cls, run: Run, epoch: int, added: Addition) -> LayerHistory:
        """Return the history of the commit that `run` builds; `added` are files that are not in it."""
        request = run.request
        named = {name: Path(value) for name, value in request.build_contexts if "://" not in value}
        contexts = {**named, CONTEXT: request.build_context}
        files = tuple(added.root / file.path for file in added.files)
        return cls(request.source, run.event.commit, epoch, request.dockerfile_path, contexts, files)

    def times(self, inputs: Iterable[LayerInputs]) -> list[int]:
        """Return for each layer the time of the last commit that changed its lines of the Dockerfile or a file of it.

        A file that no commit holds may differ in each build: its layer gets the time of the commit that is built.
        """
        inputs = list(inputs)
        for read in {path for layer in inputs for path in layer.reads} - self._known.keys():
            self._known[read] = self._of_path(read)
        by_layer = (
            (self._of_lines(layer.line or None), *map(self._known.__getitem__, layer.reads)) for layer in inputs
        )
        # A commit may be dated before its parents. No file may be newer than its image.
        return [min(self.epoch, max(times)) for times in by_layer]

    @cached_property
    def _known(self) -> dict[ContextPath, int]:
        """The times of the paths so far: platforms mostly read the same paths."""
        return {}

    def _of_path(self, read: ContextPath) -> int:
        folder, path = self.contexts.get(read.context), read.path.strip("/")
        inside = self._in_repository(folder) if folder else None
        # No commit says when such files changed: a context in another repository, a registry, or a URL.
        if folder is None or inside is None:
            return self.epoch
        if self._is_added(folder.resolve(), path) or _leads_elsewhere(folder, path):
            return self.epoch
        ignored = dockerignore.matcher(folder, self.dockerfile if read.context == CONTEXT else None)
        time = last_change.of_path(self.source, self.commit, inside, read.path, ignored)
        return self.epoch if time is None else time

    def _is_added(self, folder: Path, path: str) -> bool:
        """Tell whether a file that no commit holds may be at `path` of the build context `folder`."""
        # Compared up to the first wildcard. Too many paths may count as added: such a layer only gets a new digest.
        # Too few would give a layer a wrong time.
        plain = _PATTERN.split(path)[0]
        below = (file.relative_to(folder).as_posix() for file in self.added if file.is_relative_to(folder))
        return any(inner.startswith(plain) for inner in below)

    @cached_property
    def _of_lines(self) -> Callable[[int | None], int]:
        path = self._in_repository(self.dockerfile)
        lines = last_change.of_lines(self.source, self.commit, path) if path else None

        def last(count: int | None) -> int:
            time = lines(count) if lines else None
            return self.epoch if time is None else time

        return last

    @cached_property
    def _root(self) -> Path:
        return git.top(self.source).resolve()

    def _in_repository(self, path: Path) -> str | None:
        """Return `path` as git names it; empty for the whole repository, `None` for a path that is not in it."""
        whole = path.resolve()
        if whole == self._root:
            return ""
        return whole.relative_to(self._root).as_posix() if whole.is_relative_to(self._root) else None


def _leads_elsewhere(folder: Path, path: str) -> bool:
    """Tell whether `path` goes through a symbolic link: the copied files are then at another path."""
    parts = path.split("/")
    return any(folder.joinpath(*parts[:end]).is_symlink() for end in range(1, len(parts) + 1))
