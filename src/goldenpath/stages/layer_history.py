"""When what a layer is made from last changed, by the history of the commit that is built."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.model.build_steps import CONTEXT
from goldenpath.tools import dockerignore, git, last_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from goldenpath.model.build_steps import ContextPath, Step
    from goldenpath.stages.base import Run


@dataclass(frozen=True)
class LayerHistory:
    """The history of `commit` in the clone `source`; `epoch` is the commit's time.

    `contexts` are the folders of the build contexts by their names.
    """

    source: Path
    commit: str
    epoch: int
    dockerfile: Path
    contexts: dict[str, Path]

    @classmethod
    def of(cls, run: Run, epoch: int) -> LayerHistory:
        """Return the history of what `run` builds."""
        request = run.request
        named = {name: Path(value) for name, value in request.build_contexts if "://" not in value}
        contexts = {**named, CONTEXT: request.build_context}
        return cls(request.source, run.event.commit, epoch, request.dockerfile_path, contexts)

    def times(self, steps: Iterable[Step]) -> list[int]:
        """Return for each step the time of the last commit that changed its lines of the Dockerfile or a file it reads.

        What no commit holds may be another file in each build: then it is the time of the commit that is built.
        """
        steps = list(steps)
        reads = {path: self._of_path(path) for path in sorted({path for step in steps for path in step.reads})}
        found = ((self._of_lines(step.line or None), *(reads[path] for path in step.reads)) for step in steps)
        return [min(self.epoch, max(times)) for times in found]

    def _of_path(self, read: ContextPath) -> int:
        folder = self.contexts.get(read.context)
        inside = self._in_repository(folder) if folder else None
        if folder is None or inside is None:
            return self.epoch
        ignored = dockerignore.matcher(folder, self.dockerfile if read.context == CONTEXT else None)
        found = last_change.of_path(self.source, self.commit, inside, read.path, ignored)
        return self.epoch if found is None else found

    @cached_property
    def _of_lines(self) -> Callable[[int | None], int]:
        path = self._in_repository(self.dockerfile)
        lines = last_change.of_lines(self.source, self.commit, path) if path else None

        def last(count: int | None) -> int:
            found = lines(count) if lines else None
            return self.epoch if found is None else found

        return last

    @cached_property
    def _root(self) -> Path:
        return Path(git.run(self.source, "rev-parse", "--show-toplevel")).resolve()

    def _in_repository(self, path: Path) -> str | None:
        """Return `path` as git names it; empty for the whole repository, `None` for a path that is not in it."""
        whole = path.resolve()
        return whole.relative_to(self._root).as_posix().removeprefix(".") if whole.is_relative_to(self._root) else None
