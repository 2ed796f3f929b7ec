"""Turn the git folders in an image into findings that tell what to do, or into notes on clones of others' code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.image.git_folders import merge_folders
from goldenpath.delivery.model.finding import Finding, Gate, Kind, Location, Severity
from goldenpath.delivery.scanners.scanner import fingerprint
from goldenpath.shared import git
from goldenpath.shared.errors import ToolFailed, ToolTimeout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.delivery.image.git_folders import GitFolder
    from goldenpath.delivery.image.image_files import LayerSearch
    from goldenpath.delivery.stage import Run

GIT_FOLDER = "git-folder-in-image"


def merged_folders(searches: Iterable[LayerSearch]) -> tuple[GitFolder, ...]:
    """Return the git folders of all platforms, one for a path, with all that is known of it."""
    return merge_folders(folder for search in searches for folder in search.git_folders)


def judged(run: Run, folders: Iterable[GitFolder]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return the findings for the app's own git folders, and notes on clones of somebody else's repository."""
    every = tuple(folders)
    own = _own_commits(run) if every else None
    clones = tuple(folder for folder in every if own is not None and is_clone(folder, run.event.source_url, own))
    return tuple(finding(folder) for folder in every if folder not in clones), tuple(map(note, clones))


def is_clone(folder: GitFolder, source_url: str, own: frozenset[str]) -> bool:
    """Tell whether `folder` is a clone of a repository that is not the app's, over plain https and without a token.

    A repository of the app's own owner is the app's too: nobody here can tell whether it is public. Neither is anything
    a clone that has a commit of the app, whatever address is written into it.
    """
    owner = source_url.rpartition("/")[0].lower()
    is_others = bool(owner) and not any(f"{url.lower()}/".startswith(f"{owner}/") for url in folder.remotes)
    return bool(folder.remotes) and is_others and not folder.has_credentials and folder.commits.isdisjoint(own)


def finding(folder: GitFolder) -> Finding:
    """Return the finding for a git folder that is not a clone of somebody else's repository."""
    return Finding(
        gate=Gate.TRIVY,
        id=GIT_FOLDER,
        severity=Severity.HIGH,
        title="A git folder in the image: its whole history, and any token in its configuration, travel with it",
        location=Location(folder.path),
        fingerprint=fingerprint(GIT_FOLDER, folder.path),
        kind=Kind.SECRET,
        advice=" ".join(_advice(folder)),
    )


def note(folder: GitFolder) -> str:
    """Return the note on a clone of somebody else's repository: where it came from, and how to leave it out."""
    return (
        f"{folder.path} is a clone of {', '.join(folder.remotes)}: its history is in the image and was not searched "
        f"for secrets. To leave it out, end the RUN step that clones it with `rm -rf /{folder.path}`"
    )


def _advice(folder: GitFolder) -> Iterator[str]:
    if folder.has_credentials:
        yield "Its configuration seems to hold a token or a password: revoke it first."
    yield "If the build context brings it, add .git to .dockerignore."
    yield f"If a RUN step clones it, end that step with `rm -rf /{folder.path}`: a later step leaves it in its layer."


def _own_commits(run: Run) -> frozenset[str] | None:
    """Return every commit of the app up to this run's; `None` where that cannot be known."""
    try:
        return frozenset(git.run(run.request.source, "rev-list", run.event.commit).split())
    except (ToolFailed, ToolTimeout):
        return None
