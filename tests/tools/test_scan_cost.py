"""What a scan for secrets costs, in numbers that no load of the machine changes: programs, objects and bytes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.secrets import git_objects, gitleaks, line_windows
from goldenpath.delivery.secrets.scan_corpus import PlainFiles
from goldenpath.shared import git, process
from goldenpath.shared.toolchain import Program, Toolchain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.tools.apps import App

pytestmark = pytest.mark.tools

LINES, CHANGES, PICTURE = 4_000, 20, 300_000


@pytest.fixture
def program() -> Program:
    return Toolchain.load().provide("gitleaks")


@pytest.fixture
def busy(tmp_path: Path) -> App:
    """An app whose lock file changes a line at a time, and which has a picture and copies of files."""
    app, chance = apps.make(tmp_path / "app"), random.Random(1)  # noqa: S311  it makes no secrets
    lines = [f'"package-{number}": "{chance.randbytes(20).hex()};"' for number in range(LINES)]
    for number in range(CHANGES):
        lines[number * 100] = f'"package-{number}": "{chance.randbytes(20).hex()};"'
        app.write("package-lock.json", "\n".join(lines) + "\n").save("Update")
    app.write("logo.png", chance.randbytes(PICTURE)).write("copy.png", (app.folder / "logo.png").read_bytes()).save("A")
    return app


def test_one_gitleaks_and_few_gits_read_each_object_once_and_no_line_twice(
    busy: App, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, read, start, reader = list[str](), list[str](), process.start, git.reader

    def counted(*command: object, **options: object) -> object:
        words = [str(word) for word in command]
        started.append(words[1] if "gitleaks" in words[0] else words[7])
        return start(*command, **options)  # type: ignore[arg-type]

    def asked(source: Path, identities: Sequence[str]) -> object:
        read.extend(identities)
        return reader(source, identities)

    history = git.history_alone(busy.folder, tmp_path / "history")
    wanted = git_objects.Wanted(history, busy.commit, (busy.commit,))
    files = PlainFiles(tmp_path / "files", line_windows.read_over(program.rules))
    monkeypatch.setattr(process, "start", counted)
    monkeypatch.setattr(git, "reader", asked)
    git_objects.export(wanted, {}, files)
    size = files.packed.batch.size
    gitleaks.scan_files(program, files)
    assert sorted(started) == ["cat-file", "dir", "log", "ls-tree", "ls-tree", "rev-list"]
    assert len(set(read)) == len(read)
    # The first version of the lock file and the last, a line for each other one, and next to nothing of the pictures.
    whole = (busy.folder / "package-lock.json").stat().st_size
    assert size < 2.2 * whole
    assert len(files.packed.tars) == 1
