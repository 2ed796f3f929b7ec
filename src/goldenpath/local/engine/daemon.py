"""Run a program in the background: any later process can find it and stop it.

This uses start-stop-daemon(8) of dpkg, which every Debian has. It checks the program of a pid and not only the pid
file, so that a stale pid file of a killed run is neither trusted nor in the way.
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
TAKE_OFF_SECONDS = 1.0  # until then the process may still be start-stop-daemon, before it becomes the program
QUOTED_LINES = 8
_STATUS = (0, 1, 3)  # running; not running, with or without a pid file


def listens(path: Path) -> bool:
    """Return whether a program accepts connections on the Unix socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, contextlib.suppress(OSError):
        client.connect(str(path))
        return True
    return False


@dataclass(frozen=True)
class Daemon:
    """A background program: its name, path and arguments, and the folder for its pid and log file."""

    name: str
    program: str
    arguments: tuple[str, ...]
    folder: Path

    @property
    def log(self) -> Path:
        """The file with all its output."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def start(self, ready: Callable[[], bool]) -> None:
        """Start it and return when it is `ready`. Raises `EngineMissing`, with the end of its output, when it fails."""
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
        """Return whether it runs, ready or not."""
        return self._control("--status", "--name", Path(self.program).name, accept=_STATUS) == 0

    def stop(self) -> None:
        """Stop it: SIGTERM, then SIGKILL. Does nothing when it does not run."""
        terminate = ("--stop", "--oknodo", "--quiet", "--retry", "TERM/20/KILL/5", "--remove-pidfile")
        # By its name: after an upgrade, the program of the previous version, in another folder, may still run.
        self._control(*terminate, "--name", Path(self.program).name)

    def _control(self, action: str, *arguments: str | Path, accept: tuple[int, ...] = (0,)) -> int:
        command = ("start-stop-daemon", action, "--pidfile", self._pid, *arguments)
        return process.run(*command, timeout=START_SECONDS, environment=debian.search_path(), accept=accept).code

    def _did_not_start(self) -> EngineMissing:
        output_tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-QUOTED_LINES:]
        return EngineMissing(
            f"{self.name} did not start",
            why="\n".join(output_tail) or "It wrote nothing",
            fix=f"Read {self.log}; or start a Docker Engine yourself and run this again",
        )
