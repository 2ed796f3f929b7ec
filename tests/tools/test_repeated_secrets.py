"""Counting the equal secrets of a version by its places finds what reading every version whole finds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.secrets import git_objects, gitleaks, line_windows, repeated_secrets
from goldenpath.delivery.secrets.scan_corpus import ScanCorpus
from goldenpath.delivery.secrets.secret_history import SecretHistory
from goldenpath.shared import git
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.delivery.secrets.gitleaks import Leak

pytestmark = pytest.mark.tools

COMMITS, TOKENS = 25, 5


def changed(lines: list[str], chance: random.Random, kinds: list[str]) -> None:
    """Add, take out, replace or move a line."""
    at, line = chance.randrange(len(lines)), chance.choice(kinds)
    match chance.choice(["insert", "append", "remove", "replace", "move"]):
        case "insert":
            lines.insert(at, line)
        case "append":
            lines.append(line)
        case "remove" if len(lines) > 1:
            del lines[at]
        case "move":
            lines.insert(chance.randrange(len(lines)), lines.pop(at))
        case _:
            lines[at] = line


@pytest.mark.parametrize("seed", [1, 2])
def test_places_show_as_often_a_secret_as_whole_versions(seed: int, tmp_path: Path) -> None:
    app, chance, program = apps.make(tmp_path / "app"), random.Random(seed), Toolchain.load().provide("gitleaks")  # noqa: S311
    tokens, keys = ([apps.secret() for _ in range(TOKENS)] for _ in range(2))
    kinds = ["", "a line", "my_api_key =", *(f'  "t": "{token}"' for token in tokens)]
    kinds += [f'token = "{token}"' for token in tokens] + [f"'{key[4:]}'" for key in keys]
    lines = [chance.choice(kinds) for _ in range(8)]
    for number in range(COMMITS):
        for _ in range(chance.randrange(1, 4)):
            changed(lines, chance, kinds)
        app.write("keys.txt", "\n".join([*lines, f"end {number}", *chance.choice([[], [""]])])).save("Change")
    app.write("keys.txt", "gone\n").save("Clean up")

    history = git.history_alone(app.folder, tmp_path / "history")
    wanted = git_objects.ScanRange(history, app.commit, (app.commit,))
    files = ScanCorpus(tmp_path / "files", line_windows.multi_line_pattern(program.rules))
    exported = git_objects.export(wanted, {}, files)
    leaks, _ = gitleaks.scan_files(program, files)
    whole = ScanCorpus(tmp_path / "whole", files.words)
    git_objects.write_whole(history, (each for versions in exported.partial.values() for each in versions), whole)
    whole.close()
    in_whole, _ = gitleaks.scan_files(program, whole)

    def fingerprints(found: Iterable[Leak]) -> set[str]:
        return {finding.fingerprint for finding in gitleaks.findings(SecretHistory(wanted, exported).first(found))}

    counted = fingerprints(repeated_secrets.with_repeats(program, wanted, exported, leaks))
    assert counted == fingerprints([*leaks, *in_whole])
    assert repeated_secrets.repeated(leaks, exported.changed)
