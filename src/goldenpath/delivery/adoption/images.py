"""The images that `goldenpath init` delivers: their names in ECR, their Dockerfiles and their build contexts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import dockerfiles
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import EcrRepository

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.delivery.adoption.checkout import GitCheckout

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class DeliveredImage:
    """One image: its ECR `repository`, its `dockerfile` (empty where there is none yet) and its build `context`."""

    repository: EcrRepository
    dockerfile: str = "Dockerfile"
    context: str = "."


def single(checkout: GitCheckout, name: str, dockerfile: str) -> DeliveredImage:
    """Return the app's only image, from the named `dockerfile` or from the one that is clearly the app's.

    Raises `BadInput` where the named file does not exist, where several files could be the app's, and where ECR does
    not allow `name`.
    """
    candidates = checkout.dockerfiles
    path = _named(checkout, dockerfile) if dockerfile else dockerfiles.chosen(candidates)
    if candidates and not path:
        raise BadInput(
            f"{len(candidates)} Dockerfiles could be the app's: {', '.join(candidates)}",
            why="Only one of them would be released, and a wrong guess would release the wrong image",
            fix="Name one with --dockerfile, or use --monorepo to deliver every folder as a separate image",
        )
    return DeliveredImage(
        _repository(name or checkout.name), path, dockerfiles.context(checkout.folder, path) if path else "."
    )


def several(checkout: GitCheckout, name: str) -> tuple[DeliveredImage, ...]:
    """Return an image for every folder with a Dockerfile, named `<name>-<folder>`.

    Raises `BadInput` where there is no Dockerfile, or where two in one folder could be the right one.
    """
    paths = [_clear(group) for group in dockerfiles.by_folder(checkout.dockerfiles)]
    if not paths:
        raise BadInput(
            "No Dockerfile in this repository could be an app's", fix="Write one for every image, then run this again"
        )
    names = _names(paths)
    _require_distinct(names)
    base = name or checkout.name
    return tuple(
        DeliveredImage(
            _repository(f"{base}-{names[path]}" if names[path] else base),
            path,
            dockerfiles.context(checkout.folder, path),
        )
        for path in paths
    )


def _require_distinct(names: Mapping[str, str]) -> None:
    count = Counter(names.values())
    same = [path for path, name in names.items() if count[name] > 1]
    if same:
        raise BadInput(
            f"The images of {', '.join(same)} would have the same name in ECR",
            why="ECR allows only lower-case letters, digits and single separators",
            fix="Rename one of the folders, or write the workflow from docs/templates/workflows by hand",
        )


def _clear(group: Sequence[str]) -> str:
    path = dockerfiles.of_folder(group)
    if not path:
        raise BadInput(
            f"One folder has several Dockerfiles: {', '.join(group)}",
            why="Every folder is delivered as one image, and none of these files is clearly the right one",
            fix="Keep one of them in the folder, or write the workflow from docs/templates/workflows by hand",
        )
    return path


def _names(paths: Sequence[str]) -> dict[str, str]:
    """Return a suffix for every path: the name of its folder, or the whole path where two folders share a name."""
    folders = {path: PurePosixPath(path).parent for path in paths}
    count = Counter(folder.name for folder in folders.values())
    return {
        path: _NOT_IN_NAMES.sub("-", (folder.name if count[folder.name] == 1 else str(folder)).lower()).strip("-")
        for path, folder in folders.items()
    }


def _named(checkout: GitCheckout, dockerfile: str) -> str:
    path = PurePosixPath(dockerfile)
    if path.is_absolute() or ".." in path.parts or not (checkout.folder / path).is_file():
        existing = ", ".join(checkout.dockerfiles) or "none"
        raise BadInput(
            f"{dockerfile!r} is not a file in {checkout.folder}",
            fix=f"Give its path from the repository's root. Dockerfiles of this repository: {existing}",
        )
    if not dockerfiles.is_plain(str(path)):
        raise BadInput(
            f"{dockerfile!r} cannot be written into a workflow",
            why="The path has characters other than letters, digits, spaces and `_.-+@/`",
            fix="Rename the file or its folder",
        )
    return str(path)


def _repository(name: str) -> EcrRepository:
    try:
        return EcrRepository(name)
    except ValueError as problem:
        raise BadInput(f"{problem}", fix="Give a valid name with --ecr-repository") from None
