"""`goldenpath init`: the two files an app repository needs, compared with what is there first."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.adopt import called
from goldenpath.errors import FilesDiffer
from goldenpath.model import codec
from goldenpath.policy import app

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.model.names import EcrRepository

CALLER = ".github/workflows/delivery.yml"
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


def plan(folder: Path, repository: EcrRepository, dockerfile: str, ref: str) -> tuple[Planned, ...]:
    """Return the files for the app in `folder`; `dockerfile` is relative to it, `ref` the platform's to call."""
    wanted = {
        CALLER: caller(called.shipped(called.TEMPLATE), repository, dockerfile, ref),
        app.FILE: _RULES.format(slug=called.PLATFORM, schema=app.SCHEMA),
    }
    return tuple(Planned(path, text, _read(folder / path)) for path, text in wanted.items())


def caller(template: str, repository: EcrRepository, dockerfile: str, ref: str) -> str:
    """Return the thin caller of the app: the `template` with its own names put in."""
    text = template.replace(" Change `my-app`; the rest can stay.", "")
    text = re.sub(r"(uses: \S+/_build-and-release\.yml@)\S+", lambda found: found[1] + ref, text)
    place = "" if dockerfile in {"", "Dockerfile"} else f"\\1dockerfile_path: ./{dockerfile}\n"
    return re.sub(r"(?m)^( +)ecr_repository: my-app\n", rf"\1ecr_repository: {repository}" + "\n" + place, text)


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
