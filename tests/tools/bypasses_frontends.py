"""Ways to have a program of the app's choice read the Dockerfile: each is refused before anything is built."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tests.tools.bypasses_images import ImageBypass

if TYPE_CHECKING:
    from tests.tools.bypasses_images import Stand
    from tests.tools.command import Ended

FOREIGN = "ghcr.io/evil/frontend"
TOLD = f"names the frontend '{FOREIGN}', which prod does not allow"


def named(stand: Stand, text: str, *words: str, path: str = "Dockerfile", rest: str = "FROM scratch\n") -> Ended:
    """Build an app whose Dockerfile begins with `text`."""
    stand.app.write(path, text + rest).save("Name a frontend")
    return stand.run("build", *words)


def linked(stand: Stand) -> Ended:
    """Build a Dockerfile that is a link to one with another name."""
    (stand.app.folder / "Dockerfile").unlink()
    (stand.app.folder / "Dockerfile").symlink_to("real")
    return named(stand, f"# syntax={FOREIGN}\n", path="real")


def built_by_the_rules_of_dev(stand: Stand) -> Ended:
    """Build for dev, where any frontend may run, and release to prod; the record is what such a build leaves."""
    stand.run("build", "--environment=dev").ok()
    record = json.loads(stand.work.candidate.read_bytes())
    stand.work.candidate.write_text(json.dumps({**record, "frontends": [FOREIGN]}))
    for gate in ("gitleaks-gate", "trivy-gate"):
        stand.run(gate, *(("--ecr-repository=app",) if gate == "trivy-gate" else ())).ok()
    return stand.run("ecr-push", "--ecr-repository=app")


def told(name: str, attempt: Callable[[Stand], Ended]) -> ImageBypass:
    """Return a row: the way is refused, naming the frontend."""
    return ImageBypass(f"a frontend {name}", attempt, TOLD, 17)


ROWS = (
    told("below another directive", partial(named, text=f"# escape=`\n#SYNTAX = {FOREIGN} more\n")),
    told("behind a byte order mark and a shebang", partial(named, text=f"\ufeff#!/bin/sh\n#syntax={FOREIGN}\n")),
    told("after a space that is not ASCII", partial(named, text=f"#\u2003syntax={FOREIGN}\n")),
    told("behind two slashes", partial(named, text=f"// syntax={FOREIGN}\n")),
    told("in JSON", partial(named, text=f'{{"syntax": "{FOREIGN}"}}', rest="")),
    told("as a build argument", lambda stand: named(
        stand, "# syntax=docker/dockerfile:1\n", f"--build-args=BUILDKIT_SYNTAX={FOREIGN}")),
    told("in a Dockerfile elsewhere", lambda stand: named(
        stand, f"# syntax={FOREIGN}\n", "--dockerfile-path=rootfs/other", path="rootfs/other")),
    told("behind a link", linked),
    told("by the rules of dev", built_by_the_rules_of_dev),
)  # fmt: skip
