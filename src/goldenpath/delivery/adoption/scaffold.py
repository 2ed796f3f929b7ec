"""`goldenpath init`: the two files that an app's repository needs, compared with the existing ones first."""

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
from goldenpath.shared.names import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.adoption.images import DeliveredImage
    from goldenpath.shared.names import EcrRepository

CALLER = ".github/workflows/delivery.yml"
_TEMPLATES = {
    (False, False): reusable_workflow.TEMPLATE,
    (False, True): reusable_workflow.NOTIFY,
    (True, False): reusable_workflow.MONOREPO,
    (True, True): reusable_workflow.MONOREPO_NOTIFY,
}
# The comment lines after the first one of a template: they are for people who copy it by hand.
_ADVICE = re.compile(r"\A(#.*\n)(?:#.*\n)+")
_NOT_IN_JOBS = re.compile(r"[^a-z0-9_-]")
_RULES = """\
# yaml-language-server: $schema=https://raw.githubusercontent.com/{slug}/main/src/goldenpath/policy/{schema}
# This app's own, stricter rules, and its temporary exceptions: see docs/policy.md of the platform.
version: 1
"""


@dataclass(frozen=True)
class PlannedFile:
    """A file that `init` wants to write; `before` is its present text, `None` where it does not exist."""

    path: str
    text: str
    before: str | None

    @property
    def differs(self) -> bool:
        """Whether the file exists with another text."""
        return self.before is not None and self.before != self.text

    def diff(self) -> str:
        """Return the change as a unified diff; empty where nothing changes."""
        now = (self.before or "").splitlines(keepends=True)
        origin = "/dev/null" if self.before is None else f"a/{self.path}"
        return "".join(difflib.unified_diff(now, self.text.splitlines(keepends=True), origin, f"b/{self.path}"))


def plan(
    folder: Path,
    images: Sequence[DeliveredImage],
    ref: str,
    development: str = "development",
    *,
    notify: bool = False,
) -> tuple[PlannedFile, ...]:
    """Return the files for the app in `folder`: its rules, and the caller that delivers its `images`, if it has any.

    `ref` is the release or commit of the platform to call; `development` is the app's branch that delivers to dev.
    With `notify` the caller reports deliveries to prod, those of each image apart.
    """
    texts = {CALLER: caller(images, ref, development, notify=notify)} if images else {}
    texts[app.FILE] = _RULES.format(slug=PLATFORM, schema=app.SCHEMA)
    return tuple(PlannedFile(path, text, _read(folder / path)) for path, text in texts.items())


def caller(
    images: Sequence[DeliveredImage], ref: str, development: str = "development", *, notify: bool = False
) -> str:
    """Return the app's caller: the template for one image, or for several, with the app's names in it."""
    text = reusable_workflow.platform_file(_TEMPLATES[len(images) > 1, notify])
    text = _ADVICE.sub(r"\1", text, count=1).replace("development", development)
    text = re.sub(r"(uses: \S+/_(?:build-and-release|notify)\.yml@)\S+", lambda match: match[1] + ref, text)
    if len(images) == 1:
        return _with_image(text, images[0])
    return _with_jobs(text, images) if notify else _with_images(text, images)


def existing_callers(folder: Path) -> tuple[str, ...]:
    """Return the workflow files of `folder`, other than the one that `init` writes, that release with the platform.

    A file with invalid YAML counts where it names the platform's workflow: `doctor` reports the mistake in it.
    """
    workflows, _ = workflow_checks.find(folder)
    readable = {workflow.file for workflow in workflows}
    broken = [
        path
        for path in workflow_checks.files(folder)
        if path not in readable and "/_build-and-release.yml" in (_read(folder / path) or "")
    ]
    releasing = [workflow.file for workflow in workflows if any(caller.releases for caller in workflow.callers)]
    return tuple(sorted({*releasing, *broken} - {CALLER}))


def _with_image(text: str, image: DeliveredImage) -> str:
    inputs = [f"ecr_repository: {_scalar(image.repository)}"]
    if image.context != ".":
        inputs.append(f"build_context: {_scalar(image.context)}")
    if image.dockerfile not in {"", "Dockerfile"}:
        inputs.append(f"dockerfile_path: ./{image.dockerfile}")
    text, job, notify = text.partition("\n  notify:\n")
    return _replace_input(text + job, "ecr_repository", inputs) + _replace_input(notify, "ecr_repository", inputs[:1])


def _with_images(text: str, images: Sequence[DeliveredImage]) -> str:
    names = ", ".join(_scalar(image.repository) for image in images)
    contexts = {image.repository: image.context for image in images}
    paths = {image.repository: image.dockerfile for image in images}
    text = re.sub(r"image: \[[^\]]*\]", lambda _: f"image: [{names}]", text)
    text = _replace_input(text, "build_context", [f"build_context: {_lookup_by_image(contexts)}"])
    return _replace_input(text, "dockerfile_path", [f"dockerfile_path: {_lookup_by_image(paths)}"])


def _with_jobs(text: str, images: Sequence[DeliveredImage]) -> str:
    """Return `text` with two jobs for every image. The first image's have the anchors that the others repeat."""
    head, first, following = re.split(r"(?m)^(?=  delivery-)", text)
    jobs = _job_names(images)
    parts = [_for_image(following if number else first, image, jobs[image]) for number, image in enumerate(images)]
    return head + "".join(parts)


def _for_image(text: str, image: DeliveredImage, job: str) -> str:
    """Return the two jobs in `text`, which are of the template's own image, for `image`."""
    (templates_own,) = re.findall(r"(?m)^  delivery-(.*):", text)
    text = re.sub(rf"\b(delivery|notify)-{templates_own}\b", lambda match: f"{match[1]}-{job}", text)
    delivery, named, notify = text.partition(f"\n  notify-{job}:\n")
    repository = [f"ecr_repository: {_scalar(image.repository)}"]
    delivery = _replace_input(delivery, "ecr_repository", repository)
    delivery = _replace_input(delivery, "build_context", [f"build_context: {_scalar(image.context)}"])
    delivery = _replace_input(delivery, "dockerfile_path", [f"dockerfile_path: {_scalar(image.dockerfile)}"])
    return delivery + named + _replace_input(notify, "ecr_repository", repository)


def _job_names(images: Sequence[DeliveredImage]) -> dict[DeliveredImage, str]:
    """Return a part of a job's id for every image; ids have only letters, digits, `-` and `_`."""
    names: dict[DeliveredImage, str] = {}
    for image in images:
        name = _NOT_IN_JOBS.sub("-", image.repository)
        while name in names.values():  # `shop/api` and `shop-api`
            name += "-2"
        names[image] = name
    return names


def _lookup_by_image(values: Mapping[EcrRepository, str]) -> str:
    """Return a workflow expression for the value of the image in the matrix.

    A second list in the matrix would become part of the name of the check.
    """
    return f"${{{{ fromJSON('{json.dumps(values, ensure_ascii=False, separators=(',', ':'))}')[matrix.image] }}}}"


def _scalar(text: str) -> str:
    """Return `text` so that every version of YAML reads a string: the name of a folder can be `1.10` or `no`."""
    return text if text[0].isalpha() and yaml.safe_load(text) == text else f"'{text}'"


def _replace_input(text: str, name: str, lines: Sequence[str]) -> str:
    """Return `text` with `lines` in place of the line of the input `name`, at the same indentation."""
    return re.sub(
        rf"(?m)^( +){name}: .*\n", lambda match: "".join(f"{match[1]}{line}\n" for line in lines), text, count=1
    )


def write(folder: Path, planned: tuple[PlannedFile, ...], *, force: bool) -> tuple[PlannedFile, ...]:
    """Write the missing files, and with `force` those that differ. Return the written ones.

    Raises `FilesDiffer`, before it writes anything, where a file exists with another text. The app's rules belong to
    the app, so this never overwrites them.
    """
    replaceable = [file for file in planned if file.differs and file.path != app.FILE]
    if replaceable and not force:
        paths = " and ".join(file.path for file in replaceable)
        raise FilesDiffer(
            f"{paths} already exists with different content",
            why="\n" + "\n".join(file.diff() for file in replaceable),
            fix="Keep the file as it is, or overwrite it with --force",
        )
    written = tuple(file for file in planned if file.before is None or file in replaceable)
    for file in written:
        codec.write_bytes(folder / file.path, file.text.encode())
    return written


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
