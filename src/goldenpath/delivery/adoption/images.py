"""The images that `goldenpath init` delivers: their names in ECR, their Dockerfiles, and what each is built from."""

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

    from goldenpath.delivery.adoption.checkout import Checkout

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Image:
    """One image: its ECR `repository`, its `dockerfile`, empty where there is none yet, and its build `context`."""

    repository: EcrRepository
    dockerfile: str = "Dockerfile"
    context: str = "."


def single(checkout: Checkout, name: str, dockerfile: str) -> Image:
    """Return the one image of the app, by the `dockerfile` that was named or by the one that is clearly the app's.

    Raises `BadInput` where that one is not there, where several may be meant, and where `name` is none for ECR.
    """
    found = checkout.dockerfiles
    path = _named(checkout, dockerfile) if dockerfile else dockerfiles.chosen(found)
    if found and not path:
        raise BadInput(
            f"{len(found)} Dockerfiles may be the app's: {', '.join(found)}.",
            why="Only one of them would be released, and a wrong guess would release the wrong image.",
            fix="Name one with --dockerfile, or give --monorepo to deliver each folder as an image of its own.",
        )
    return Image(_repository(name or checkout.name), path, dockerfiles.context(checkout.folder, path) if path else ".")


def several(checkout: Checkout, name: str) -> tuple[Image, ...]:
    """Return an image for each folder that holds a Dockerfile, named `<name>-<folder>`.

    Raises `BadInput` where there is no Dockerfile, or two of one folder may be meant.
    """
    paths = [_clear(group) for group in dockerfiles.by_folder(checkout.dockerfiles)]
    if not paths:
        raise BadInput(
            "There is no Dockerfile that may be an app's.", fix="Write one for each image, then run it again."
        )
    names = _names(paths)
    _require_distinct(names)
    base = name or checkout.name
    return tuple(
        Image(
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
            f"The images of {', '.join(same)} would have one name in ECR.",
            why="ECR allows small letters, digits and single separators only.",
            fix="Rename one of the folders, or write the workflow from docs/templates/workflows by hand.",
        )


def _clear(group: Sequence[str]) -> str:
    path = dockerfiles.of_folder(group)
    if not path:
        raise BadInput(
            f"Several Dockerfiles of one folder may be meant: {', '.join(group)}.",
            fix="Keep one of them in each folder, or write the workflow from docs/templates/workflows by hand.",
        )
    return path


def _names(paths: Sequence[str]) -> dict[str, str]:
    """Return what tells the images apart: the name of the folder, or its whole path where two have one name."""
    folders = {path: PurePosixPath(path).parent for path in paths}
    count = Counter(folder.name for folder in folders.values())
    return {
        path: _NOT_IN_NAMES.sub("-", (folder.name if count[folder.name] == 1 else str(folder)).lower()).strip("-")
        for path, folder in folders.items()
    }


def _named(checkout: Checkout, dockerfile: str) -> str:
    path = PurePosixPath(dockerfile)
    if path.is_absolute() or ".." in path.parts or not (checkout.folder / path).is_file():
        found = f"There are {', '.join(checkout.dockerfiles)}" if checkout.dockerfiles else "There is none"
        raise BadInput(
            f"{dockerfile!r} is not a file in {checkout.folder}.", fix=f"Name it from the repository's root. {found}."
        )
    if not dockerfiles.is_plain(str(path)):
        raise BadInput(
            f"{dockerfile!r} cannot be written into a workflow.",
            why="It has characters other than letters, digits, spaces and `_.-+@/`.",
            fix="Rename the file or its folder.",
        )
    return str(path)


def _repository(name: str) -> EcrRepository:
    try:
        return EcrRepository(name)
    except ValueError as problem:
        raise BadInput(str(problem), fix="name one with --ecr-repository") from None
