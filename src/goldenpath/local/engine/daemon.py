"""A program of our own in the background: started once, found again by any later process, stopped by any of them.

dpkg's start-stop-daemon(8) does it, which every Debian has. It looks at the program behind a pid and not only at the
pid file, so that what a killed run left behind is neither trusted nor in the way.
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.local.engine import debian
from goldenpath.shared import process
from goldenpath.shared.errors import EngineMissing

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 60.0
TAKE_OFF_SECONDS = 1.0  # until then what runs may still be the starter, about to become the program
QUOTED_LINES = 8
_STATUS = (0, 1, 3)  # running; not running, with or without a pid file


def listens(path: Path) -> bool:
    """Whether a program accepts connections on the Unix socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, contextlib.suppress(OSError):
        client.connect(str(path))
        return True
    return False


@dataclass(frozen=True)
class Daemon:
    """A background program: its name, where the program is, its arguments, and the folder for its pid and log file."""

    name: str
    program: str
    arguments: tuple[str, ...]
    folder: Path

    @property
    def log(self) -> Path:
        """The file that all its output goes to."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def start(self, ready: Callable[[], bool]) -> None:
        """Start it and return as soon as it is `ready`. Raises `EngineMissing`, with its last words, when it ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        background = ("--start", "--oknodo", "--quiet", "--background", "--make-pidfile", "--output", self.log)
        self._control(*background, "--exec", self.program, "--", *self.arguments)
        began = time.monotonic()
        while not ready():
            waited = time.monotonic() - began
            if waited > START_SECONDS or (waited > TAKE_OFF_SECONDS and not self.runs()):
                self.stop()
                raise self._did_not_start()
            time.sleep(0.05)

    def runs(self) -> bool:
        """Whether it is there, ready or not."""
        return self._control("--status", "--name", Path(self.program).name, accept=_STATUS) == 0

    def stop(self) -> None:
        """Stop it, first politely. Does nothing when it is not there."""
        firmly = ("--stop", "--oknodo", "--quiet", "--retry", "TERM/20/KILL/5", "--remove-pidfile")
        # By its name: after an upgrade it may still be the program of the version before, in another folder.
        self._control(*firmly, "--name", Path(self.program).name)

    def _control(self, action: str, *arguments: str | Path, accept: tuple[int, ...] = (0,)) -> int:
        command = ("start-stop-daemon", action, "--pidfile", self._pid, *arguments)
        return process.run(*command, timeout=START_SECONDS, environment=debian.search_path(), accept=accept).code

    def _did_not_start(self) -> EngineMissing:
        words = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-QUOTED_LINES:]
        return EngineMissing(
            f"{self.name} did not start",
            why="\n".join(words) or "it wrote nothing",
            fix=f"read {self.log}; or start a Docker Engine yourself and run this again",
        )
