"""The versions of a file that brought a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.secrets import git_objects, gitleaks, line_windows, secret_history
from goldenpath.delivery.secrets.scan_corpus import PlainFiles
from goldenpath.shared import git
from goldenpath.shared.toolchain import Program, Toolchain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


pytestmark = pytest.mark.tools


@pytest.fixture
def program() -> Program:
    return Toolchain.load().provide("gitleaks")


def test_of_a_secret_that_came_twice_only_the_versions_that_brought_it_are_read_again(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, secret, read, reader = apps.make(tmp_path / "app"), apps.secret(), list[str](), git.reader
    for at in (10, 20):
        for number in range(5):
            lines = [f'TOKEN = "{secret}"' if line in (10, at) else f"line {line}" for line in range(30)]
            app.write("config.py", "\n".join([*lines, f"version = {at + number}\n"])).save("Update")
    app.write("config.py", "").save("Clean up")
    history = git.history_alone(app.folder, tmp_path / "history")
    wanted = git_objects.Wanted(history, app.commit, (app.commit,))
    exported = git_objects.export(wanted, {}, PlainFiles(tmp_path / "files", line_windows.read_over(program.rules)))
    first, _ = gitleaks.scan_files(program, exported.files)

    def asked(source: Path, identities: Sequence[str]) -> object:
        read.extend(identities)
        return reader(source, identities)

    monkeypatch.setattr(git, "reader", asked)
    leaks = secret_history.recounted(program, wanted, exported, first)
    assert len(gitleaks.findings(first)) == 1
    assert len(gitleaks.findings(leaks)) == 2
    assert read == [git.run(history, "rev-parse", f"{app.commit}~{before}:config.py") for before in (10, 5)]
