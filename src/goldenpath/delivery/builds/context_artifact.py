"""Add the artifact of an earlier job to the build context: which of its files the commit does not have.

The gate that scans the artifact and the job that builds from it both read it here. Reasons: docs/adr/0030.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import artifact_files, dockerignore
from goldenpath.delivery.model.candidate import ContextArtifact
from goldenpath.shared import codec, git
from goldenpath.shared.errors import BadInput, CheckoutDiffers, ContextRefused
from goldenpath.shared.names import ContentDigest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.checkout.checkout import CheckoutFile
    from goldenpath.delivery.model.inputs import Request
    from goldenpath.delivery.stage import Run

_ANOTHER_FOLDER = "Upload only what the build makes, or choose another `context_artifact_folder`."
_NAMED_AT_MOST = 3


@dataclass(frozen=True)
class Addition:
    """The `files` that an artifact adds to the checkout at `root`, by their paths there, and their `record`.

    Without an artifact there are no files and no record.
    """

    root: Path = Path()
    files: tuple[CheckoutFile, ...] = ()
    record: ContextArtifact | None = None

    @property
    def digest(self) -> ContentDigest:
        """The digest of the files; `none` without an artifact."""
        return self.record.digest if self.record else ContentDigest.none()

    @property
    def sentence_end(self) -> str:
        """A description of the artifact, as the end of a sentence; empty without an artifact."""
        return f", with {self.record.sentence}" if self.record else ""

    def require_scanned(self, request: Request) -> None:
        """Raise `CheckoutDiffers` when gitleaks-gate reported that it scanned other files."""
        scanned = request.context_artifact_digest
        if scanned and scanned != self.digest:
            raise CheckoutDiffers(
                "The artifact for the build context is not the one that gitleaks-gate scanned",
                why=f"The gate scanned {scanned}, and here it is {self.digest}",
                fix="Give both stages the same artifact, build context and folder, then run all jobs again",
            )

    def require_same(self, record: ContextArtifact | None, name: str) -> None:
        """Raise `CheckoutDiffers` unless the image `name` was built with this artifact, by its `record`."""
        if record != self.record:
            raise CheckoutDiffers(
                f"{name} was built with another artifact of an earlier job than there is here",
                why="Its job was given other content, or none",
                fix="Look for a step that changes what is downloaded on its runner, then run all jobs again",
            )


@contextmanager
def opened(run: Run) -> Iterator[Addition]:
    """Give the files that the artifact of this run adds to the checkout.

    Raises `ContextRefused` when it may not be in the build context, `CheckoutDiffers` when gitleaks-gate scanned
    another one, `DiskTrouble` when it cannot be read.
    """
    request = run.request
    if request.context_artifact is None:
        _require_nothing_asked(request)
        Addition().require_scanned(request)
        yield Addition()
        return
    root = git.top(request.source).resolve()
    try:
        with artifact_files.opened(request.context_artifact) as in_artifact:
            files = tuple(_new(run, root, in_artifact))
            record = ContextArtifact(
                digest=ContentDigest(artifact_files.digest(files)),
                files=len(files),
                size=sum(file.place.stat().st_size for file in files),
                id=request.context_artifact_id,
            )
            added = Addition(root, files, record)
            added.require_scanned(request)
            yield added
    except OSError as error:
        raise codec.disk_trouble(error, request.context_artifact) from error


def require_sent(run: Run, added: Addition) -> None:
    """Raise `ContextRefused` when an ignore file keeps all of the `added` files from the build."""
    context = run.request.build_context.resolve()
    ignored = dockerignore.matcher(run.request.build_context, run.request.dockerfile_path)
    paths = [(added.root / file.path).relative_to(context).as_posix() for file in added.files]
    if paths and all(map(ignored, paths)):
        raise ContextRefused(
            f"No file of the artifact reaches the build: {', '.join(paths[:_NAMED_AT_MOST])}",
            why="An ignore file (.dockerignore) keeps all of them out of the build context",
            fix=f"Add a line like `!{paths[0]}` at its end",
        )


def _require_nothing_asked(request: Request) -> None:
    if request.context_artifact_folder or request.context_artifact_id:
        raise BadInput(
            "`context_artifact_folder` or an id is set, and there is no artifact for the build context",
            why="The output that names it is empty where its job was skipped, or does not pass it on",
            fix="Give `context_artifact_id: ${{ needs.<job>.outputs.<output> }}`, and see that this job ran and sets "
            "it; at a terminal, name a folder or zip file with --context-artifact",
        )


def _new(run: Run, root: Path, files: tuple[CheckoutFile, ...]) -> Iterator[CheckoutFile]:
    """Yield those of `files` that the commit does not have, by their paths in the repository.

    Raises `ContextRefused` for a file that would take the place of another one.
    """
    context = run.request.build_context.resolve()
    if not context.is_relative_to(root):
        raise BadInput(
            f"The build context {context} is outside of the checkout {root}",
            why="An artifact is added to files of a commit",
            fix="Name a folder of the repository with `build_context` (--build-context)",
        )
    # Every file, link and submodule of the commit, whether it is checked out or not.
    kept = frozenset(os.fsdecode(entry.path) for entry in git.tree(run.request.source, run.event.commit))
    folders = {str(parent) for path in kept for parent in PurePosixPath(path).parents}
    for file in files:
        inner = PurePosixPath(run.request.context_artifact_folder or ".") / file.path
        artifact_files.require_plain(str(inner))
        path = (context.relative_to(root) / inner).as_posix()
        if path in folders:
            raise artifact_files.refused(path, "It is a folder in the commit.", _ANOTHER_FOLDER)
        for parent in map(str, PurePosixPath(path).parents[:-1]):
            if parent in kept or _is_no_folder(root / parent):
                raise artifact_files.refused(path, f"{parent} is a file, a link or a submodule.", _ANOTHER_FOLDER)
        if path in kept or os.path.lexists(root / path):
            _require_same(file, root / path, path)
        if path not in kept:
            yield replace(file, path=path)


def _is_no_folder(place: Path) -> bool:
    return os.path.lexists(place) and (place.is_symlink() or not place.is_dir())


def _require_same(file: CheckoutFile, place: Path, path: str) -> None:
    if not artifact_files.is_same(file, place):
        raise artifact_files.refused(
            path, "The checkout has another file there, and an artifact replaces none.", _ANOTHER_FOLDER
        )
