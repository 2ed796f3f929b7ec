"""git-lfs, which GitHub's runners have and other machines may not."""

from __future__ import annotations

import functools
import os
import shutil

from goldenpath.shared.toolchain import Toolchain


@functools.cache
def on_path() -> str:
    """Return a PATH that has git-lfs: this machine's, with the one of the toolchain behind it where it has none."""
    path = os.environ["PATH"]
    if shutil.which("git-lfs"):
        return path
    return os.pathsep.join((path, str(Toolchain.load().provide("git-lfs").path.parent)))
