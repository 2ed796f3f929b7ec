"""The only module that starts other programs: a list of arguments, a time limit, never a shell; it returns bytes.

A program sees a clean environment (`runner.clean_environment`), never the credentials of this process. On time-out the
whole process group is stopped, so that no child outlives it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from goldenpath.shared import runner, verbose
from goldenpath.shared.errors import ToolFailed, ToolMissing, ToolTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

QUOTED_LINES = 12
PATIENCE = 5.0
Child: TypeAlias = "subprocess.Popen[bytes]"
_on_start: ContextVar[Callable[[Child], None] | None] = ContextVar("on_start", default=None)


@dataclass(frozen=True)
class Completed:
    """A program that ended: its exit `code`, its output as bytes, and how long it took in `seconds`."""

    program: str
    code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def output_tail(self) -> str:
        """The last lines of stderr (of stdout when stderr is empty), for an error message."""
        text = (self.stderr.strip() or self.stdout.strip()).decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-QUOTED_LINES:])


def run(
    *command: str | Path,
    timeout: float,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    accept: Collection[int] = (0,),
    patience: float = PATIENCE,
) -> Completed:
    """Run `command` and return what it wrote; `environment` is added to the clean one.

    `timeout` is in seconds, and so is `patience`: how long it may take to end after the signal. Raises
    `ToolMissing` when the program cannot be started, `ToolTimeout` when it had to be stopped, and `ToolFailed`,
    quoting its last words, when its exit code is not one of `accept`.
    """
    argv = [str(word) for word in command]
    began = time.monotonic()
    child = start(*argv, cwd=cwd, environment=environment, alongside=False)
    try:
        stdout, stderr = child.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        stop_group(child, patience=patience)
        verbose.program(argv, "stopped: it took too long", time.monotonic() - began)
        raise ToolTimeout(
            f"{_name(argv)} did not end within {timeout:g} seconds and was stopped",
            fix="Run it again; if it happens again, look at the size of what it reads and at the machine's load",
        ) from None
    except BaseException:
        stop_group(child, patience=patience)
        verbose.program(argv, "stopped", time.monotonic() - began)
        raise
    done = Completed(_name(argv), child.returncode, stdout, stderr, time.monotonic() - began)
    verbose.program(argv, f"exit status {done.code}", done.seconds)
    if done.code not in accept:
        raise ToolFailed(
            f"{done.program} ended with exit status {done.code}",
            why=done.output_tail or "it printed nothing",
            fix="Fix what it reports, then run again",
        )
    return done


def start(
    *command: str | Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    alongside: bool = True,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own and return it running.

    Its output is piped, or appended to the file `log`. A program that runs `alongside` is shown by `--verbose` when it
    begins; `run` shows the end of the others. Raises `ToolMissing` when it cannot be started.
    """
    argv = [str(word) for word in command]
    with contextlib.ExitStack() as files:
        out = files.enter_context(log.open("ab")) if log else subprocess.PIPE
        try:
            child = subprocess.Popen(
                argv,
                cwd=cwd,
                env={**runner.clean_environment(), **(environment or {})},
                stdin=subprocess.DEVNULL if log else subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError, OSError) as error:
            raise ToolMissing(
                f"{_name(argv)} cannot be started",
                why=f"{error.strerror}: {error.filename}",
                fix="Install it, or let `goldenpath tools install` provide it",
            ) from error
    if alongside:
        verbose.program(argv, "started")
    if callback := _on_start.get():
        try:
            callback(child)
        except BaseException:
            stop_group(child)
            raise
    return child


@contextlib.contextmanager
def on_start(callback: Callable[[Child], None]) -> Iterator[None]:
    """Call `callback` with each program that this thread starts in the block. If it raises, the program is stopped."""
    token = _on_start.set(callback)
    try:
        yield
    finally:
        _on_start.reset(token)


def terminate(child: Child, *, by_force: bool = False) -> None:
    """Ask `child` and everything it started to end, or end them `by_force`, without waiting for it."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL if by_force else signal.SIGTERM)


def stop_group(child: subprocess.Popen[bytes], *, patience: float = PATIENCE) -> None:
    """Stop `child` and everything it started: SIGTERM, `patience` seconds, SIGKILL. Safe to call twice."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        try:
            child.communicate(timeout=patience) if child.stdout else child.wait(timeout=patience)
        except (subprocess.TimeoutExpired, ValueError):
            continue
        return


def _name(argv: list[str]) -> str:
    return os.path.basename(argv[0])  # noqa: PTH119  argv[0] may be a bare word
