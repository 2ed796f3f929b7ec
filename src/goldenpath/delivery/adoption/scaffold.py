"""`goldenpath init`: the two files an app repository needs, compared with what is there first."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from goldenpath.delivery.adoption import reusable_workflow, workflow_checks
from goldenpath.delivery.rules import app
from goldenpath.shared import codec
from goldenpath.shared.errors import FilesDiffer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.images import Image
    from goldenpath.shared.names import EcrRepository

CALLER = ".github/workflows/delivery.yml"
# The lines behind the first one of a template, for those who copy it by hand.
_ADVICE = re.compile(r"\A(#.*\n)(?:#.*\n)+")
_RULES = """\
# yaml-language-server: $schema=https://raw.githubusercontent.com/{slug}/main/src/goldenpath/policy/{schema}
# This app's own, stricter rules, and findings it lives with for a while: see docs/policy.md of the platform.
version: 1
"""


@dataclass(frozen=True)
class Planned:
    """One file as it should be; `before` is its text now, `None` when it is not there."""

    path: str
    text: str
    before: str | None

    @property
    def differs(self) -> bool:
        """Whether a file of that name is there and says something else."""
        return self.before is not None and self.before != self.text

    def diff(self) -> str:
        """Return what writing it would change, as a unified diff; empty when nothing."""
        now = (self.before or "").splitlines(keepends=True)
        origin = "/dev/null" if self.before is None else f"a/{self.path}"
        return "".join(difflib.unified_diff(now, self.text.splitlines(keepends=True), origin, f"b/{self.path}"))


def plan(folder: Path, images: Sequence[Image], ref: str, development: str = "development") -> tuple[Planned, ...]:
    """Return the files for the app in `folder`: its rules, and the caller of its `images` where there are any.

    `ref` is the platform's to call; `development` is the app's branch that delivers to dev.
    """
    wanted = {CALLER: caller(images, ref, development)} if images else {}
    wanted[app.FILE] = _RULES.format(slug=reusable_workflow.PLATFORM, schema=app.SCHEMA)
    return tuple(Planned(path, text, _read(folder / path)) for path, text in wanted.items())


def caller(images: Sequence[Image], ref: str, development: str = "development") -> str:
    """Return the thin caller of the app: the template for one image, or for several, with its own names put in."""
    text = reusable_workflow.shipped(reusable_workflow.TEMPLATE if len(images) == 1 else reusable_workflow.MONOREPO)
    text = _ADVICE.sub(r"\1", text, count=1).replace("development", development)
    text = re.sub(r"(uses: \S+/_build-and-release\.yml@)\S+", lambda found: found[1] + ref, text)
    return _of_one(text, images[0]) if len(images) == 1 else _of_several(text, images)


def existing_callers(folder: Path) -> tuple[str, ...]:
    """Return the workflow files of `folder`, other than the one that `init` writes, that release by the platform.

    A file that cannot be read as YAML counts where it names the platform's workflow: `doctor` says what is wrong in it.
    """
    found, _ = workflow_checks.find(folder)
    readable = {each.file for each in found}
    broken = [
        path
        for path in workflow_checks.files(folder)
        if path not in readable and "/_build-and-release.yml" in (_read(folder / path) or "")
    ]
    releasing = [each.file for each in found if any(caller.releases for caller in each.callers)]
    return tuple(sorted({*releasing, *broken} - {CALLER}))


def _of_one(text: str, image: Image) -> str:
    given = [f"ecr_repository: {_scalar(image.repository)}"]
    if image.context != ".":
        given.append(f"build_context: {_scalar(image.context)}")
    if image.dockerfile not in {"", "Dockerfile"}:
        given.append(f"dockerfile_path: ./{image.dockerfile}")
    return _put(text, "ecr_repository", given)


def _of_several(text: str, images: Sequence[Image]) -> str:
    names = ", ".join(_scalar(image.repository) for image in images)
    text = re.sub(r"image: \[[^\]]*\]", lambda _: f"image: [{names}]", text)
    text = _put(
        text, "build_context", [f"build_context: {_by_image({each.repository: each.context for each in images})}"]
    )
    paths = {each.repository: each.dockerfile for each in images}
    return _put(text, "dockerfile_path", [f"dockerfile_path: {_by_image(paths)}"])


def _by_image(values: Mapping[EcrRepository, str]) -> str:
    """Return the expression of what belongs to the image of the matrix: the check keeps the image's name."""
    return f"${{{{ fromJSON('{json.dumps(values, ensure_ascii=False, separators=(',', ':'))}')[matrix.image] }}}}"


def _scalar(text: str) -> str:
    """Return `text` as YAML of every version reads it as a string: a folder can be called `1.10` or `no`."""
    return text if text[0].isalpha() and yaml.safe_load(text) == text else f"'{text}'"


def _put(text: str, name: str, lines: Sequence[str]) -> str:
    """Return `text` with `lines` in the place of the line of the input `name`, at its indentation."""
    return re.sub(
        rf"(?m)^( +){name}: .*\n", lambda found: "".join(f"{found[1]}{line}\n" for line in lines), text, count=1
    )


def write(folder: Path, planned: tuple[Planned, ...], *, force: bool) -> tuple[Planned, ...]:
    """Write what is missing, and with `force` what differs; return what was written.

    Raises `FilesDiffer`, before anything is written, when a file is there that says something else. An app's own rules
    are never overwritten: they are its own.
    """
    refused = [each for each in planned if each.differs and not force and each.path != app.FILE]
    if refused:
        raise FilesDiffer(
            f"{' and '.join(each.path for each in refused)} is there already and says something else",
            why="\n" + "\n".join(each.diff() for each in refused),
            fix="keep it as it is, or overwrite it with --force",
        )
    written = tuple(each for each in planned if each.before is None or (each.differs and each.path != app.FILE))
    for each in written:
        codec.write_bytes(folder / each.path, each.text.encode())
    return written


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
