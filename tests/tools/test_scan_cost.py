"""What a scan for secrets costs, in numbers that no load of the machine changes: programs, objects and bytes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.secrets import git_objects, gitleaks, line_windows, repeated_secrets
from goldenpath.delivery.secrets.scan_corpus import ScanCorpus
from goldenpath.shared import git, process
from goldenpath.shared.toolchain import Program, Toolchain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.tools.apps import App

    from goldenpath.delivery.secrets.gitleaks import BatchReport, Leak
    from goldenpath.delivery.secrets.scan_batches import Batch

pytestmark = pytest.mark.tools

LINES, CHANGES, PICTURE = 4_000, 20, 300_000
COMMITS = 15


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
    wanted = git_objects.ScanRange(history, busy.commit, (busy.commit,))
    files = ScanCorpus(tmp_path / "files", line_windows.multi_line_pattern(program.rules))
    monkeypatch.setattr(process, "start", counted)
    monkeypatch.setattr(git, "reader", asked)
    git_objects.export(wanted, {}, files)
    size = files.packed.batch.size
    gitleaks.scan_files(program, files)
    assert sorted(started) == ["cat-file", "dir", "log", "ls-tree", "rev-list"]
    assert len(set(read)) == len(read)
    # The first version of the lock file and the last, a line for each other one, and next to nothing of the pictures.
    whole = (busy.folder / "package-lock.json").stat().st_size
    assert size < 2.2 * whole
    assert len(files.packed.tars) == 1


def test_of_a_secret_that_came_twice_only_its_places_in_the_versions_that_brought_it_are_read_again(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, secret = apps.make(tmp_path / "app"), apps.secret()
    for at in (100, 200):
        for number in range(5):
            lines = [f'TOKEN = "{secret}"' if line in (100, at) else f"line {line}" for line in range(300)]
            app.write("config.py", "\n".join([*lines, f"version = {at + number}\n"])).save("Update")
    app.write("config.py", "").save("Clean up")
    scan = Recounted.of(app, program, tmp_path, monkeypatch)
    assert len(gitleaks.findings(scan.first)) == 1
    assert len(gitleaks.findings(scan.leaks)) == 2
    brought = [git.run(scan.history, "rev-parse", f"{app.commit}~{before}:config.py") for before in (10, 5)]
    # Once for the lines that were brought, and once for the places that have such a line.
    assert scan.read == [*brought, *brought]
    whole = len(git.run(scan.history, "cat-file", "blob", brought[0]))
    assert scan.given < whole / 2


@pytest.mark.parametrize("ending", ["", ","], ids=["lines", "a comma after each but the last"])
def test_secrets_that_many_commits_bring_to_one_file_are_read_once(
    ending: str, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, lines = apps.make(tmp_path / "app"), list[str]()
    for number in range(COMMITS):
        if lines:
            lines[-1] += ending
        lines += [f"api_key_{number} = {apps.secret()[4:]}", f'token = "{apps.secret()}"']
        app.write("keys.txt", "\n".join(lines) + "\n").save("More")
    scan = Recounted.of(app, program, tmp_path, monkeypatch)
    tokens = [finding for finding in gitleaks.findings(scan.leaks) if finding.id == "github-pat"]
    assert len(tokens) == COMMITS
    assert len(gitleaks.findings(scan.leaks)) == len(gitleaks.findings(scan.first))
    if not ending:
        assert scan.read == []
    # Each change is about two lines, and a rule looks at no more than those beside them.
    assert scan.given < COMMITS * 40 * 60


@dataclass(frozen=True)
class Recounted:
    """The leaks that a `first` scan shows, and those `leaks` with what was `read` and `given` to gitleaks again."""

    history: Path
    first: tuple[Leak, ...]
    leaks: tuple[Leak, ...]
    read: list[str]
    given: int

    @classmethod
    def of(cls, app: App, program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Recounted:
        """Scan all of the history of `app`."""
        history = git.history_alone(app.folder, folder / "history")
        wanted = git_objects.ScanRange(history, app.commit, (app.commit,))
        exported = git_objects.export(
            wanted, {}, ScanCorpus(folder / "files", line_windows.multi_line_pattern(program.rules))
        )
        first, _ = gitleaks.scan_files(program, exported.files)
        read, given, reader, scan = list[str](), list[int](), git.reader, gitleaks.scan_batch

        def asked(source: Path, identities: Sequence[str]) -> object:
            read.extend(identities)
            return reader(source, identities)

        def scanned(program: Program, batch: Batch) -> BatchReport:
            given.append(batch.size)
            return scan(program, batch)

        monkeypatch.setattr(git, "reader", asked)
        monkeypatch.setattr(gitleaks, "scan_batch", scanned)
        leaks = repeated_secrets.with_repeats(program, wanted, exported, first)
        return cls(history, first, leaks, read, sum(given))
