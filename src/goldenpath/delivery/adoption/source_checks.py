"""Checks of `goldenpath doctor` that read an app's files: Dockerfile, build context, history and rules."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import dockerfiles
from goldenpath.delivery.rules import app, matrix
from goldenpath.shared.check_result import error, good, warning
from goldenpath.shared.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.checkout import GitCheckout
    from goldenpath.shared.check_result import Remark

_MODULE_PATH = re.compile(r'^\s*path\s*=\s*"?(.+?)"?\s*$', re.MULTILINE)


def dockerfile(checkout: GitCheckout, name: str) -> Iterator[Remark]:
    """Yield whether the Dockerfile `name` exists, and whether it names its base images by digest."""
    path = checkout.folder / name
    if not path.is_file():
        yield error("dockerfile", f"{name} does not exist", _dockerfile_fix(checkout.dockerfiles))
        return
    names = dockerfiles.base_names(path.read_text(encoding="utf-8", errors="replace"))
    images = [name for name in names if "@sha256:" not in name]
    for image in images:
        fix = f"write `FROM {image}@sha256:…`; `docker buildx imagetools inspect {image}` shows the digest"
        yield warning("dockerfile", f"{name} starts from `{image}`, which can change at any time", fix)
    if not images:
        yield good("dockerfile", f"{name} names every base image by digest")


def _dockerfile_fix(existing: Sequence[str]) -> str:
    if not existing:
        return "write a Dockerfile"
    if len(existing) == 1:
        return f"set `dockerfile_path: ./{existing[0]}`"
    several = "to deliver all, use docs/templates/workflows/delivery-monorepo.yml of the platform"
    return f"set `dockerfile_path` to one of {', '.join(existing)}; {several}"


def context(checkout: GitCheckout, folder: str, dockerfile: str) -> Iterator[Remark]:
    """Yield whether an ignore file keeps the git folder out of the build.

    `<dockerfile>.dockerignore` replaces the folder's own ignore file, as in BuildKit.
    """
    own = checkout.folder / f"{dockerfile}.dockerignore"
    path = own if own.is_file() else checkout.folder / folder / ".dockerignore"
    name = path.relative_to(checkout.folder)
    if not path.is_file():
        what = f"{name} does not exist: the build gets the whole folder, with .git and every local file"
        yield warning("context", what, f"write a {name} with at least `.git` and `.env`")
    elif not _ignores_git(path):
        what = f"{name} does not ignore .git: `COPY . .` would put the whole history into the image"
        yield warning("context", what, f"add `.git` to {name}")
    else:
        yield good("context", f"{name} keeps .git out of the build")


def _ignores_git(path: Path) -> bool:
    lines = {line.strip().strip("/") for line in path.read_text(encoding="utf-8", errors="replace").splitlines()}
    return bool(lines & {".git", "**/.git", ".*", "*", "**"}) and "!.git" not in lines


def submodules(checkout: GitCheckout) -> Iterator[Remark]:
    """Yield the submodules without an entry in `.gitmodules`: actions/checkout fails on them."""
    for path in sorted(set(checkout.submodules) - set(_MODULE_PATH.findall(checkout.text(".gitmodules")))):
        what = f"{path} is committed as a submodule without an entry in .gitmodules: the workflow cannot check it out"
        quoted = shlex.quote(path)
        yield error("submodules", what, f"run `git rm --cached {quoted}`, or `git submodule add <address> {quoted}`")


def history(checkout: GitCheckout) -> Remark:
    """Return whether the clone has the whole history, which the secret scan needs."""
    if checkout.shallow:
        what = "the clone is shallow: the secret scan cannot see the missing part of the history"
        return warning("history", what, "run `git fetch --unshallow`; in a workflow `fetch-depth: 0`")
    return good("history", "the clone has the whole history")


def rules(checkout: GitCheckout) -> Remark:
    """Return whether the app's own rules are valid. An app needs none."""
    path = checkout.folder / app.FILE
    if not path.is_file():
        return good("rules", f"there is no {app.FILE}, so only the platform's rules apply")
    try:
        app_rules = app.parse(path.read_text(encoding="utf-8", errors="replace"), matrix.load())
    except PolicyInvalid as problem:
        return error("rules", problem.why or problem.what, problem.fix)
    count = len(app_rules.exceptions)
    return good("rules", f"{app.FILE} is valid and has {count} exception{'' if count == 1 else 's'}")
