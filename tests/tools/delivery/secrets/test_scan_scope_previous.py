"""At a terminal a second scan reads what is new, and reports what a scan of everything does."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.unit import run_builder

from goldenpath.delivery.builds.context_artifact import Addition
from goldenpath.delivery.model.event import TERMINAL, Event
from goldenpath.delivery.stages import gitleaks_gate
from goldenpath.shared import git
from goldenpath.shared.toolchain import Program, Toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.tools.apps import App

    from goldenpath.delivery.model.finding import Findings

pytestmark = pytest.mark.tools


@dataclass
class Terminal:
    """A person's terminal in the checkout of `app`; `read` are the objects that its last scan read."""

    app: App
    cache: Path
    program: Program
    read: list[str]

    def scan(self, name: str = TERMINAL) -> Findings:
        """Return what gitleaks-gate finds, whatever an earlier scan left."""
        self.read.clear()
        event = Event(name, self.app.commit, "refs/heads/main")
        run = run_builder.run(self.cache, source=self.app.folder, event=event)
        return gitleaks_gate.inspect(replace(run, program=lambda _: self.program), Addition())

    def cold(self) -> Findings:
        """Return what it finds where no earlier scan left anything; the record is there again afterwards."""
        kept = [(each, each.read_bytes()) for each in self.records()]
        for path, _ in kept:
            path.unlink()
        try:
            return self.scan()
        finally:
            for path, content in kept:
                path.write_bytes(content)

    def records(self) -> list[Path]:
        """Return the files in which scans are kept."""
        return [*self.cache.glob("scans/*/record.json")]

    def version(self, path: str, commit: str = "HEAD") -> str:
        """Return the object that `path` is in a commit."""
        return git.run(self.app.folder, "rev-parse", f"{commit}:{path}")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    program, read, reader = Toolchain.load().provide("gitleaks"), list[str](), git.reader
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def asked(source: Path, identities: Sequence[str]) -> object:
        read.extend(identities)
        return reader(source, identities)

    monkeypatch.setattr(git, "reader", asked)
    app = apps.make(tmp_path / "app", **{f"src/{number}.py": f"number = {number}\n" for number in range(20)})
    return Terminal(app, tmp_path / "cache", program, read)


def same(found: Findings) -> tuple[object, ...]:
    return found.findings, found.notes, found.seen["commits"], found.seen["revisions"]


def test_a_second_scan_reads_the_new_objects_alone(terminal: Terminal) -> None:
    terminal.scan()
    assert len(terminal.read) > 20
    terminal.scan()
    assert terminal.read == []
    terminal.app.write("src/3.py", "number = 33\n").save()
    found = terminal.scan()
    assert sorted(terminal.read) == sorted((terminal.version("src/3.py"), terminal.app.commit))
    assert found.seen["commits"] == "2"


def test_whatever_came_since_the_result_is_that_of_a_scan_of_everything(terminal: Terminal) -> None:
    app, token, other = terminal.app, apps.secret(), apps.secret()

    def merge() -> None:
        app.git("checkout", "--quiet", "-b", "side", "HEAD~2")
        app.write("side.py", f'TOKEN = "{other}"\n').save("On a branch")
        app.git("checkout", "--quiet", "main")
        app.git("merge", "--quiet", "--no-edit", "--no-gpg-sign", "side")

    steps: tuple[Callable[[], object], ...] = (
        lambda: app.write("a.py", f'TOKEN = "{token}"\n').save("A secret"),
        lambda: app.write("a.py", f'TOKEN = "{token}"\n\n\nAGAIN = "{token}"\n').save("The same once more"),
        lambda: app.write("a.py", "").write("b.rar", b"Rar!\x1a\x07...").save("It is gone"),
        lambda: app.write("a.py", f'TOKEN = "{token}"\n').save("It is back"),
        lambda: app.write("copy.py", f'TOKEN = "{token}"\n').save(f"With {other}"),
        merge,
        lambda: app.git("tag", "--annotate", "--no-sign", f"--message={apps.secret()}", "v1"),
        lambda: app.git("tag", "--annotate", "--no-sign", f"--message={apps.secret()}", "v0", "HEAD~3"),
        lambda: app.git("commit", "--quiet", "--no-gpg-sign", "--amend", f"--message={apps.secret()}"),
    )
    for number, step in enumerate(steps):
        step()
        assert same(terminal.scan()) == same(terminal.cold()), number
    assert len({each.id for each in terminal.scan().findings}) == 1


@pytest.mark.parametrize("how", ["in a workflow run", "by its event", "after other bytes", "by other rules", "cut off"])
def test_what_an_earlier_scan_left_counts_for_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    terminal.app.plant_secret()
    terminal.scan()
    (record,) = terminal.records()
    digest, _, content = record.read_bytes().partition(b"\n")
    kept = json.loads(content)
    if how == "in a workflow run":
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
    elif how == "after other bytes":
        other = json.dumps({**kept, "facts": {"scan": json.dumps({**json.loads(kept["facts"]["scan"]), "leaks": []})}})
        record.write_bytes(digest + b"\n" + other.encode())
    elif how == "by other rules":
        terminal.program = replace(terminal.program, rules=terminal.program.rules + b"\n# Another\n")
    elif how == "cut off":
        record.write_bytes(record.read_bytes()[:-20])
    found = terminal.scan("push" if how == "by its event" else TERMINAL)
    assert len(terminal.read) > 20
    assert [each.id for each in found.findings] == ["github-pat"]


def test_a_workflow_run_keeps_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    terminal.scan()
    monkeypatch.delenv("GITHUB_ACTIONS")
    terminal.scan("push")
    assert terminal.records() == []


def test_a_scan_that_left_something_unread_is_not_built_on(terminal: Terminal) -> None:
    terminal.app.write("names/" + apps.secret(), "").save("A name of a file that is a secret")
    assert len(terminal.scan().findings) == 1
    assert terminal.records() == []


def test_what_was_scanned_longest_ago_is_forgotten(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.scan()
    (first,) = terminal.records()
    monkeypatch.setattr("goldenpath.delivery.scanners.result_cache.REMOVED_EVERY", 0)
    monkeypatch.setattr("goldenpath.delivery.scanners.result_cache.LARGEST", int(first.stat().st_size * 1.5))
    terminal.app.folder.rename(terminal.app.folder.with_name("moved"))
    terminal.app = replace(terminal.app, folder=terminal.app.folder.with_name("moved"))
    terminal.scan()
    assert len(terminal.records()) == 1
    assert terminal.records() != [first]
