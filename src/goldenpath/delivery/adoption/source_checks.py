"""The checks of `goldenpath doctor` that read an app's files: what is built, and under which rules."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.check_result import error, good, warning
from goldenpath.delivery.rules import app, matrix
from goldenpath.shared.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.checkout import Checkout

_MODULE_PATH = re.compile(r'^\s*path\s*=\s*"?(.+?)"?\s*$', re.MULTILINE)
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)


def dockerfile(checkout: Checkout, place: str) -> Iterator[Remark]:
    """Yield whether the Dockerfile at `place` is there, and whether its base images are named by digest."""
    path = checkout.folder / place
    if not path.is_file():
        yield error("dockerfile", f"{place} is not there", _elsewhere(checkout.dockerfiles))
        return
    loose = unpinned(path.read_text(encoding="utf-8", errors="replace"))
    for image in loose:
        fix = f"write `FROM {image}@sha256:…`; `docker buildx imagetools inspect {image}` shows the digest"
        yield warning("dockerfile", f"{place} starts from `{image}`, which is another image tomorrow", fix)
    if not loose:
        yield good("dockerfile", f"{place}: every base image is named by digest")


def _elsewhere(found: Sequence[str]) -> str:
    if not found:
        return "write one"
    if len(found) == 1:
        return f"give `dockerfile_path: ./{found[0]}`"
    several = "for an image of each: docs/templates/workflows/delivery-monorepo.yml of the platform"
    return f"give one of them as `dockerfile_path`: {', '.join(found)}; {several}"


def unpinned(text: str) -> list[str]:
    """Return the base images in a Dockerfile that no digest names; no stages, nothing that holds a variable."""
    stages, loose = {"scratch"}, []
    for image, stage in _FROM.findall(text):
        if image.lower() not in stages and "@sha256:" not in image and "$" not in image:
            loose.append(image)
        stages.add(stage.lower())
    return list(dict.fromkeys(loose))


def context(checkout: Checkout, folder: str, dockerfile: str) -> Iterator[Remark]:
    """Yield whether what is sent to the build leaves the git folder and local secrets at home.

    An ignore file that is named as the `dockerfile` takes the place of the folder's own, as in BuildKit.
    """
    own = checkout.folder / f"{dockerfile}.dockerignore"
    ignored = own if own.is_file() else checkout.folder / folder / ".dockerignore"
    place = ignored.relative_to(checkout.folder)
    if not ignored.is_file():
        what = f"there is no {place}: the whole folder, with .git and what lies about in it, is sent to the build"
        yield warning("context", what, f"write a {place} with at least `.git` and `.env`")
    elif not _ignores_git(ignored):
        what = f"{place} lets .git through: `COPY . .` would put the whole history into the image"
        yield warning("context", what, f"add `.git` to {place}")
    else:
        yield good("context", f"{place} keeps .git out of the build")


def _ignores_git(path: Path) -> bool:
    lines = {line.strip().strip("/") for line in path.read_text(encoding="utf-8", errors="replace").splitlines()}
    return bool(lines & {".git", "**/.git", ".*", "*", "**"}) and "!.git" not in lines


def submodules(checkout: Checkout) -> Iterator[Remark]:
    """Yield the submodules without an entry in `.gitmodules`: actions/checkout fails when one is committed."""
    for path in sorted(set(checkout.submodules) - set(_MODULE_PATH.findall(checkout.text(".gitmodules")))):
        what = f"{path} is committed as a submodule without an entry in .gitmodules: the workflow cannot check it out"
        named = shlex.quote(path)
        yield error("submodules", what, f"run `git rm --cached {named}`, or `git submodule add <address> {named}`")


def history(checkout: Checkout) -> Remark:
    """Return whether all of the history is here, as the secret scan needs it."""
    if checkout.shallow:
        what = "the clone is shallow: a secret in the part that is missing cannot be found"
        return warning("history", what, "run `git fetch --unshallow`; in a workflow `fetch-depth: 0`")
    return good("history", "the whole history is here")


def rules(checkout: Checkout) -> Remark:
    """Return whether the app's own rules are valid. They may be absent."""
    path = checkout.folder / app.FILE
    if not path.is_file():
        return good("rules", f"no {app.FILE}: the platform's rules alone")
    try:
        found = app.parse(path.read_text(encoding="utf-8", errors="replace"), matrix.load())
    except PolicyInvalid as problem:
        return error("rules", problem.why or problem.what, problem.fix)
    return good("rules", f"{app.FILE} is valid and has {len(found.exceptions)} exceptions")
