"""git, started in the folder of a checkout as actions/checkout starts it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ALWAYS = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "Never"}
_NO_LFS = (
    "Unable to locate executable file: git-lfs. Please verify either the file path exists or the file can be found "
    "within a directory specified by the PATH environment variable."
)


class Failed(Exception):
    """What the real one fails with."""


@dataclass(frozen=True)
class Git:
    """The program, where it runs, and its variables: those of the step and `more`."""

    folder: Path
    env: Mapping[str, str]
    more: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: str) -> str:
        """Run it and return what it printed. Raises `Failed`."""
        step = {name: text for name, text in self.env.items() if name != "INPUTS"}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env={**step, **_ALWAYS, **self.more}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"{done.stderr}The process 'git' failed with exit code {done.returncode}")
        return done.stdout.strip()

    def succeeds(self, *words: str) -> bool:
        """Run it and tell whether it ended well."""
        try:
            self(*words)
        except Failed:
            return False
        return True

    def having(self, **more: str) -> Git:
        """Return the same with `more` variables."""
        return Git(self.folder, self.env, {**self.more, **more})

    def for_lfs(self, *, wanted: bool) -> Git:
        """Return the same for a checkout that wants the files of git-lfs, or their pointers whatever the machine sets.

        Raises `Failed` when they are wanted and git-lfs is not installed.
        """
        if not wanted:
            return self.having(GIT_LFS_SKIP_SMUDGE="1")
        if not shutil.which("git-lfs", path=self.env.get("PATH")):
            raise Failed(_NO_LFS)
        return self

    def has_submodules(self) -> bool:
        """Tell whether the commit that is checked out has any."""
        return any(line.startswith("160000 ") for line in self("ls-files", "--stage").splitlines())
