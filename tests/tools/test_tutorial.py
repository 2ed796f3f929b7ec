"""The tutorial, command by command, as somebody types it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.local import LocalWithGitHub
    from tests.tools.command import Command

pytestmark = pytest.mark.tools

BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
# What is not typed here, and why.
LEFT_OUT = {
    "export GOLDENPATH_LOCK=dev": "the tests have their environment",
    "goldenpath tools install": "they have their programs",
    'eval "$(goldenpath local up': "they have an emulator of their own",
    "goldenpath local down": "others use it",
    "goldenpath report open": "it opens a browser; `report build` writes the same file",
}


def script() -> str:
    lines = [
        line for block in BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text()) for line in block.splitlines()
    ]
    assert all(any(line.startswith(start) for line in lines) for start in LEFT_OUT)
    return "\n".join(line for line in lines if not line.startswith(tuple(LEFT_OUT)))


def test_each_command_of_the_tutorial_does_what_it_says(
    goldenpath: Command, emulator: LocalWithGitHub, tmp_path: Path
) -> None:
    emulator.create_repository("my-app")
    programs, start = tmp_path / "bin", tmp_path / "platform"
    for folder in (programs, start):
        folder.mkdir()
    command = programs / "goldenpath"
    command.write_text(f'#!/bin/sh\nexec {" ".join(goldenpath.words)} "$@"\n')
    command.chmod(0o755)
    variables = {**goldenpath.variables, "PATH": f"{programs}:{goldenpath.variables['PATH']}", "TMPDIR": str(tmp_path)}
    variables |= {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["sh", "-x", "-c", script()], cwd=start, env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert "✓ .github/workflows/delivery.yml written" in text
    assert re.search(r"dev-[0-9a-f]{7}", text)
    assert "error[gate-blocked]: gitleaks blocks the release to prod: 1 finding must be fixed" in text
    assert "# github-pat" in text
    assert "# `gate-blocked`" in text
