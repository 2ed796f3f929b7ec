"""Hole 14: what the limits of a scan left unread was a note, and one archive could spend what all others need."""

from __future__ import annotations

import gzip
import os
from typing import IO

from goldenpath.errors import GateBlocked
from goldenpath.model.finding import Gate
from goldenpath.tools import scan_limits
from tests.attacks import scans
from tests.attacks.attack import Patch, Scene, attack, nothing
from tests.tools import apps
from tests.tools.bypass import zipped

SILENT = Patch("goldenpath.tools.plain_files.PlainFiles.leave_unread", nothing)
NO_SHARE = tuple(
    Patch(f"goldenpath.tools.scan_limits.{name}", 1 << 40) for name in ("ALWAYS_UNPACKED", "UNPACKED_OF_ONE")
)


def released(scene: Scene, **files: bytes) -> None:
    """Have the gate let an app with these files through."""
    made = scans.app(scene)
    for name, content in files.items():
        made.write(name, content)
    made.save("Plant")
    scans.run(scene, "gitleaks-gate", made)
    scans.passed(scene, Gate.GITLEAKS)


def line() -> str:
    return f'TOKEN = "{apps.secret()}"\n'


@attack(14, GateBlocked, "github-pat in secret.zip!inner", *NO_SHARE, SILENT)
def zeros_that_spend_the_budget_of_all(scene: Scene) -> None:
    """The archive of zeros is the smaller one, and would unpack to all that a scan takes on."""
    scene.monkeypatch.setattr(scan_limits, "UNPACKED_OF_ALL", 72 << 20)
    zeros = gzip.compress(bytes(80 << 20), 9)
    secret = zipped(inner=line(), other=os.urandom(len(zeros)))
    released(scene, **{"aaa.gz": zeros, "secret.zip": secret})


@attack(14, GateBlocked, "HIGH not-looked-into in secret.zip", SILENT)
def many_archives_that_spend_it_together(scene: Scene) -> None:
    scene.monkeypatch.setattr(scan_limits, "UNPACKED_OF_ALL", 1 << 20)
    zeros = {f"{number}.gz": gzip.compress(bytes((1 << 17) + number)) for number in range(10)}
    released(scene, **zeros, **{"secret.zip": zipped(inner=line(), other=os.urandom(1000))})


@attack(14, GateBlocked, "HIGH not-looked-into in deep.zip", SILENT)
def archives_in_archives(scene: Scene) -> None:
    content: str | bytes = line()
    for _ in range(6):
        content = zipped(**{"1": content})
    assert isinstance(content, bytes)
    released(scene, **{"deep.zip": content})


@attack(14, GateBlocked, "HIGH not-looked-into in many.zip", SILENT)
def an_archive_with_more_members_than_are_looked_at(scene: Scene) -> None:
    scene.monkeypatch.setattr(scan_limits, "MEMBERS_OF_ONE", 100)
    released(scene, **{"many.zip": zipped(**{f"a{number}": "" for number in range(100)}, secret=line())})


def only_its_beginning(raw: IO[bytes]) -> bytes:
    raw.seek(0)
    return raw.read(64 << 20)


@attack(
    14,
    GateBlocked,
    "github-pat in disk.img!at byte",
    Patch("goldenpath.tools.archive_members.whole", only_its_beginning),
)
def a_file_whose_secret_lies_past_64_mebibytes(scene: Scene) -> None:
    released(scene, **{"disk.img": b"disk\n" + bytes(66 << 20) + gzip.compress(line().encode())})
