"""Hole 14: what the limits of a scan left unread was a note, and one archive could spend what all others need."""

from __future__ import annotations

import gzip
import os
from typing import IO, TYPE_CHECKING

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.secrets import scan_limits
from goldenpath.shared.errors import GateBlocked
from tests.attacks import scans
from tests.attacks.attack import Patch, Scene, attack, nothing
from tests.tools import apps
from tests.tools.bypass import zipped

if TYPE_CHECKING:
    from goldenpath.delivery.secrets.scan_limits import FileBudget

SILENT = Patch("goldenpath.delivery.secrets.scan_corpus.ScanCorpus.leave_unread", nothing)


def take_from_all(budget: FileBudget, size: int) -> None:
    """Count what is unpacked for the whole scan alone, as it was."""
    budget.whole.unpacked += size
    budget.whole.require_more()


NO_SHARE = Patch("goldenpath.delivery.secrets.scan_limits.FileBudget.take", take_from_all)


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


@attack(14, GateBlocked, "github-pat in secret.zip!inner", NO_SHARE, SILENT)
def zeros_that_spend_the_budget_of_all(scene: Scene) -> None:
    """The archive of zeros is the smaller one, and would unpack to all that a scan takes on."""
    limits = {"UNPACKED_OF_ALL": 8 << 20, "ALWAYS_UNPACKED": 1 << 20, "RATIO": 1}
    for name, value in limits.items():
        scene.monkeypatch.setattr(scan_limits, name, value)
    zeros = gzip.compress(bytes(10 << 20), 9)
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
    return raw.read(1 << 20)


@attack(
    14,
    GateBlocked,
    "github-pat in disk.img!at byte",
    Patch("goldenpath.delivery.secrets.archive_members.whole_content", only_its_beginning),
)
def a_file_whose_secret_lies_past_what_was_searched(scene: Scene) -> None:
    """Once only the first 64 MiB of a file were searched for what begins in its middle; here it is the first."""
    released(scene, **{"disk.img": b"disk\n" + bytes(2 << 20) + gzip.compress(line().encode())})
