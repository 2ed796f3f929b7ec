"""Completion in the shells themselves: bash always, zsh and fish where this machine has them (Debian's packages)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tools.command import ROOT

from goldenpath import completion

pytestmark = pytest.mark.tools

LINES = {
    "goldenpath gitleaks-": {"gitleaks-gate"},
    "goldenpath registry retire --step ": {"deprecate", "remove"},
    "goldenpath deliver --environment ": {*completion.environments()},
    "goldenpath trivy-gate --qu": {"--quiet"},
    "goldenpath explain gate-b": {"gate-blocked"},
}
BASH = r"""
eval "$(goldenpath completion bash)"
while IFS= read -r line; do
    read -ra COMP_WORDS <<< "$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    $(complete -p goldenpath | sed 's/.* -F \([^ ]*\) .*/\1/') goldenpath
    echo "${COMPREPLY[*]}"
done
"""
ZSH = r"""
compdef() { function=$1 }
eval "$(goldenpath completion zsh)"
compadd() { print -rn -- "$completions " }
_describe() { print -rn -- "${completions_with_descriptions%%:*} " }
while IFS= read -r line; do
    words=(${=line})
    [[ $line == *' ' ]] && words+=('')
    CURRENT=$#words
    $function
    print
done
"""
FISH = r"""
goldenpath completion fish | source
while read -l line
    complete -C "$line" | string split -f1 \t | string join ' '
end
true
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a PATH on which the command of this checkout is `goldenpath`."""
    command = tmp_path / "bin" / "goldenpath"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -I {ROOT / "src" / "goldenpath"} "$@"\n')
    command.chmod(0o755)
    return f"{command.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("shell", "words", "script"),
    [("bash", ("--norc", "-c"), BASH), ("zsh", ("-f", "-c"), ZSH), ("fish", ("--no-config", "-c"), FISH)],
    ids=completion.SHELLS,
)
def test_a_shell_completes_commands_options_and_values(
    path: str, tmp_path: Path, shell: str, words: tuple[str, ...], script: str
) -> None:
    program = shutil.which(shell)
    if program is None and shell != "bash":
        pytest.skip(f"{shell} is not installed")
    assert program is not None
    ran = subprocess.run(
        [program, *words, script], input="\n".join(LINES) + "\n", capture_output=True, encoding="utf-8", check=False,
        env={"PATH": path, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    offered = dict(zip(LINES, ran.stdout.splitlines(), strict=True))
    assert {line: {*text.split()} for line, text in offered.items()} == LINES
