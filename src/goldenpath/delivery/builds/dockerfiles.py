"""Choose the app's Dockerfile among the files of a repository, and the folder from which it is built.

A repository also holds Dockerfiles that no team releases: of a development container, of tests, of copied code. It is
worse to release one of those than to ask. So only names and folders that can be an app's count, and where several
remain, the user chooses.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLAIN = ("Dockerfile", "Containerfile", "dockerfile")
_NAME = re.compile(r"(?i:dockerfile|containerfile)(?:[._-](?P<after>[\w.-]+))?|(?P<before>[\w.-]+)\.(?i:dockerfile)")
# Words in a Dockerfile's name: the image that is released, images that are not, and files that are no Dockerfile.
_RELEASED = {"prod", "production", "release"}
_UNRELEASED = {"ci", "debug", "dev", "devcontainer", "development", "docs", "e2e", "lint", "local", "test", "tests"}
_NO_DOCKERFILE = {
    "bak", "dist", "dockerignore", "erb", "example", "in", "j2", "jinja", "jinja2", "json", "lock", "md", "old",
    "orig", "rej", "sample", "sh", "swp", "template", "tmpl", "tpl", "txt", "yaml", "yml",
}  # fmt: skip
_OTHERS_FOLDERS = {
    "__tests__", "doc", "docs", "e2e", "example", "examples", "fixture", "fixtures", "node_modules", "sample",
    "samples", "spec", "specs", "test", "testdata", "testing", "tests", "third-party", "third_party", "vendor",
}  # fmt: skip
_TESTS_FOLDER = re.compile(r".*[-_](?:tests?|e2e)", re.IGNORECASE)
# Folders that hold Dockerfiles and not the code that is built.
_DOCKER_FOLDERS = {"build", "ci", "container", "containers", "deploy", "docker", "dockerfiles", "infra", "ops"}
# People decide about a path that an expression or a line of YAML could read in another way.
_PLAIN_PATH = re.compile(r"(?!.*(?: /|/ ))[\w.](?:[\w./@+ -]*[\w.])?")
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)
_COPY = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t]+(.+)$", re.IGNORECASE | re.MULTILINE)


def candidates(paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of `paths` that may be the Dockerfile of an app's image, the nearest to the root first."""
    return tuple(sorted(filter(_may_be_the_apps, paths), key=lambda path: (path.count("/"), path)))


def chosen(paths: Sequence[str]) -> str:
    """Return the app's Dockerfile among the candidates `paths`; empty when there is none, or no clear one.

    A Dockerfile at the root is the app's, whatever is in other folders.
    """
    at_root = [path for path in paths if "/" not in path]
    folders = {PurePosixPath(path).parent for path in paths}
    if at_root or len(folders) == 1:
        return of_folder(at_root or paths)
    return ""


def of_folder(paths: Sequence[str]) -> str:
    """Return the Dockerfile of the folder that holds all of `paths`; empty when that is not clear.

    `Dockerfile` beside `Dockerfile.prod` is not clear: teams use the first for development as often as for release.
    """
    if len(paths) == 1:
        return paths[0]
    plain = [path for name in _PLAIN for path in paths if PurePosixPath(path).name == name]
    released = [path for path in paths if word(path) in _RELEASED]
    if plain:
        return "" if released else plain[0]
    return released[0] if len(released) == 1 else ""


def by_folder(paths: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the candidates `paths`, grouped by their folder."""
    ordered = sorted(paths, key=_folder)
    return tuple(tuple(group) for _, group in groupby(ordered, key=_folder))


def word(path: str) -> str:
    """Return the word that distinguishes a Dockerfile in its folder (`prod` of `Dockerfile.prod`), or nothing."""
    match = _NAME.fullmatch(PurePosixPath(path).name)
    return ((match["after"] or match["before"] or "") if match else "").lower()


def is_plain(path: str) -> bool:
    """Tell whether `path` reads the same in YAML and in an expression as it is written."""
    return bool(_PLAIN_PATH.fullmatch(path))


def context(checkout: Path, path: str) -> str:
    """Return the folder from which the Dockerfile at `path` is built: the root (`.`), or the folder that it is in.

    It is the folder that has the files which it copies; where both or neither have them, a folder that only holds
    Dockerfiles is not built.
    """
    own = _folder(path)
    if own == ".":
        return own
    wanted = _sources((checkout / path).read_text(encoding="utf-8", errors="replace"))
    here, at_root = _holds(checkout / own, wanted), _holds(checkout, wanted)
    if here == at_root:
        return "." if PurePosixPath(own).name.lower() in _DOCKER_FOLDERS else own
    return own if here else "."


def base_names(text: str) -> list[str]:
    """Return the base images in the text of a Dockerfile; not its own stages, and no name with a variable."""
    stages, images = {"scratch"}, []
    for image, stage in _FROM.findall(text):
        if image.lower() not in stages and "$" not in image:
            images.append(image)
        stages.add(stage.lower())
    return list(dict.fromkeys(images))


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _may_be_the_apps(path: str) -> bool:
    *folders, name = path.split("/")
    if not _NAME.fullmatch(name) or not is_plain(path):
        return False
    words = set(re.split(r"[._-]", word(path)))
    return not (words & (_UNRELEASED | _NO_DOCKERFILE)) and not any(map(_is_others, folders))


def _is_others(folder: str) -> bool:
    """Tell whether a folder holds no app: hidden, tests, examples, or code of others."""
    return folder.startswith(".") or folder.lower() in _OTHERS_FOLDERS or bool(_TESTS_FOLDER.fullmatch(folder))


def _sources(text: str) -> tuple[str, ...]:
    """Return the paths that a Dockerfile copies out of its context; skips variables, URLs and other images."""
    copied: list[str] = []
    for line in _COPY.findall(re.sub(r"\\[ \t]*\r?\n", " ", text)):
        arguments = [argument for argument in _words(line.strip()) if not argument.startswith("--")]
        if "--from=" not in line and "<<" not in line:
            copied += [path.strip("/") or "." for path in arguments[:-1] if "$" not in path and "://" not in path]
    return tuple(copied)


def _words(line: str) -> list[str]:
    flags, bracket, rest = line.partition("[")
    try:
        return [*flags.split(), *map(str, json.loads(bracket + rest))] if bracket else line.split()
    except ValueError:
        return line.split()


def _holds(folder: Path, wanted: Iterable[str]) -> bool:
    return all(_is_in(folder, pattern) for pattern in wanted if ".." not in pattern)


def _is_in(folder: Path, pattern: str) -> bool:
    try:
        return (folder / pattern).exists() or any(folder.glob(pattern))
    except (OSError, ValueError):  # a Dockerfile may hold anything: too long a name, a pattern that is none
        return False
