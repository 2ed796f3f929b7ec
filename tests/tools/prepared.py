"""Runs of the command that begin with its modules loaded: loading them is half of the work of a short command.

This program loads them, once for each worker of pytest, and forks for each run. A run has what a new process has: a
session, variables, a working directory, input and output of its own; it ends as every Python program does, with its
threads, its functions for the end and its exit status. Nothing of an earlier run is in it, since this program itself
runs nothing. `Prepared` is the other end of it, in the process of the tests.

Tests of a program's very start are not for this: how long it takes, which modules it loads, what `/proc/PID/environ`
shows, and whether the order of a set shows, which is the same in all forks. They start the command themselves, as
`Command.start` does, and as the tests under a workflow runner do.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import random
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# A message on the socket has to fit into its buffer.
LARGEST_REQUEST = 100_000
_START_SECONDS = 60.0
# An interpreter or its libraries read these before it runs anything.
_OF_THE_START = re.compile(r"(LANG|LC_\w+|LD_\w+|MALLOC_\w+|OPENSSL_\w+|PYTHON\w*|TZ)$")
# Where lines that run are counted, each process has to begin by itself.
_MEASURED = "COVERAGE_"
_CACHE = type(functools.cache(len))
# Our modules load these when they need them.
_LOADED_AT_USE = ("boto3", "botocore.credentials", "ctypes", "jsonschema")


class Request(NamedTuple):
    """A run: its arguments, its variables and its working directory."""

    words: list[str]
    variables: dict[str, str]
    cwd: str


@dataclass(frozen=True)
class Prepared:
    """The process that forks for each run, and `start`, the variables that took effect when it started."""

    control: socket.socket
    start: Mapping[str, str]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, request: Request, patience: float) -> tuple[int, bytes]:
        """Run the command; return its exit status, as `subprocess` has it, and all that it printed.

        Raises `subprocess.TimeoutExpired` after `patience` seconds. Whatever goes wrong here, the run is killed first,
        with all that it started.
        """
        with ExitStack() as ours:
            channel, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.enter_context(channel)
            reading, writing = os.pipe()
            ours.callback(os.close, reading)
            with its, self.lock:
                socket.send_fds(self.control, [json.dumps(request).encode()], [its.fileno(), writing])
            os.close(writing)
            channel.settimeout(_START_SECONDS)
            pid = int(channel.recv(64))
            try:
                printed = b"".join(_read(reading, request.words, patience))
                return int(channel.recv(64)), printed
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                raise


def _read(pipe: int, words: list[str], patience: float) -> Iterator[bytes]:
    """Yield what is written to `pipe` until its last writer has closed it."""
    deadline = time.monotonic() + patience
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(deadline - time.monotonic()):
            part = os.read(pipe, 1 << 16)
            if not part:
                return
            yield part
    raise subprocess.TimeoutExpired(words, patience)


def prepared(request: Request) -> Prepared | None:
    """Return the process that forks; `None` where this run has to begin by itself."""
    measured = any(name.startswith(_MEASURED) for name in (*os.environ, *request.variables))
    if sys.platform != "linux" or measured or not _can_be_given(request):
        return None
    forks = _started(os.getpid())
    return forks if of_the_start(request.variables) == forks.start else None


def of_the_start(variables: Mapping[str, str]) -> dict[str, str]:
    """Return those of `variables` that take effect when a program starts, and not later."""
    return {name: value for name, value in variables.items() if _OF_THE_START.match(name)}


def _can_be_given(request: Request) -> bool:
    """Tell whether a program can be started so, and this one can be asked for it."""
    try:
        given = os.fsencode("".join((*request.words, *request.variables, *request.variables.values())))
    except UnicodeEncodeError:
        return False
    return b"\0" not in given and len(json.dumps(request)) <= LARGEST_REQUEST


@functools.cache
def _started(_process: int) -> Prepared:
    """Start the process for this one; it ends when the other end of its socket is closed."""
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        words = (sys.executable, "-I", __file__, str(its.fileno()))
        child = subprocess.Popen(words, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
    atexit.register(child.wait)
    atexit.register(mine.close)  # before that wait
    return Prepared(mine, of_the_start(os.environ))


def serve(control: socket.socket) -> Request:
    """Fork for each request, and report how each run ended. This returns in a fork only, with what it is to run."""
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in running:
                    selector.unregister(key.fd)
                    _report(key.fd, *running.pop(key.fd))
                    continue
                text, descriptors, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 2)
                if not text:
                    os._exit(0)
                channel = socket.socket(fileno=descriptors[0])
                pid = os.fork()
                if not pid:
                    _separate(running, control, channel)
                    return _begun(Request(*json.loads(text)), descriptors[1])
                os.close(descriptors[1])
                watched = os.pidfd_open(pid)
                running[watched] = (pid, channel)
                selector.register(watched, selectors.EVENT_READ)
                channel.send(str(pid).encode())


def _report(watched: int, pid: int, channel: socket.socket) -> None:
    """Send the exit status of the run `pid`, which has ended."""
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(watched)
    with channel, suppress(OSError):  # who asked may be gone
        channel.send(str(status).encode())


def _separate(running: dict[int, tuple[int, socket.socket]], *sockets: socket.socket) -> None:
    """Let go of what belongs to the process that forks."""
    for end in (*sockets, *(channel for _, channel in running.values())):
        end.close()
    for watched in running:
        os.close(watched)
    os.setsid()


def _begun(request: Request, writing: int) -> Request:
    """Give this process what a new one would have been given."""
    os.chdir(request.cwd)
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)
    os.environ.clear()
    os.environ.update(request.variables)
    random.seed()
    return request


class Ending:
    """The end of a run, once its threads and every other function for the end are done.

    An interpreter would now take each module apart, which is most of the work of a short command and shows nothing.
    """

    status = 1

    def end_here(self) -> None:
        """End this process."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.status)

    def of(self, command: Callable[[], object]) -> None:
        """Run `command`, which raises `SystemExit`, and keep the exit status; 1 is that of any other exception."""
        try:
            command()
        except SystemExit as ended:
            self.status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            raise


def load(package: str) -> None:
    """Load every module of `package`, which must do nothing else."""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _LOADED_AT_USE:
        importlib.import_module(name)
    # A folder or a result that is kept here would be that of every run.
    assert tempfile.tempdir is None
    assert threading.active_count() == 1
    caches = [cache for cache in gc.get_objects() if isinstance(cache, _CACHE) and cache.cache_info().currsize]
    assert not [cache for cache in caches if cache.__module__.startswith(f"{package}.")], caches


if __name__ == "__main__":
    ending = Ending()
    atexit.register(ending.end_here)  # the first one is the last to be called
    ROOT = __file__.rpartition("/tests/")[0]
    sys.path[:0] = [f"{ROOT}/src", ROOT]
    from tests.tools import trusting

    from goldenpath import cli
    from goldenpath.shared import runner

    load("goldenpath")
    runner.trusts_machine = trusting.trusts_machine
    # Forks share what is loaded as long as nobody looks through it.
    gc.freeze()
    requested = serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv[:] = [trusting.__file__, *requested.words]
    ending.of(cli.main)
