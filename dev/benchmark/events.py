"""The processes below this one, as the kernel reports them: none is missed, however short it lives.

The kernel's process connector sends an event for each fork and each exit (linux/cn_proc.h). It needs root.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from typing import Self

_CONNECTOR, _PROCESSES = 11, 1  # NETLINK_CONNECTOR, CN_IDX_PROC
_LISTEN, _IGNORE = 1, 2
_FORK, _EXIT = 0x1, 0x80000000
_EVENT = 36  # bytes before the event: a netlink header and a connector message
_FORCE_BUFFER, _BUFFER = 33, 4 << 20  # SO_RCVBUFFORCE, which Python does not name
_SMALLEST = 32  # bytes of an event of a fork or an exit
_PATIENCE = 1.0
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=IIIIHHI")


class Descendants:
    """The processes that this process and its children start while the block lasts."""

    def __init__(self) -> None:
        self._alive: set[int] = set()
        self._begun: list[float] = []
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _CONNECTOR)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._ended = threading.Event()
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _FORCE_BUFFER, _BUFFER)
            self._socket.bind((0, _PROCESSES))
        except PermissionError:
            raise SystemExit("make bench needs root: it counts processes as the kernel reports them") from None
        self._socket.settimeout(0.1)
        self._tell_kernel(_LISTEN)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._tell_kernel(_IGNORE)
        self._socket.close()
        if self._failure:
            raise SystemExit(f"the kernel's reports of processes are not complete: {self._failure}")

    @property
    def alive(self) -> frozenset[int]:
        """The ids of the processes that run now."""
        with self._lock:
            return frozenset(self._alive)

    @property
    def begun(self) -> tuple[float, ...]:
        """The time at which each process began, in seconds since 1970."""
        with self._lock:
            return tuple(self._begun)

    def _tell_kernel(self, operation: int) -> None:
        message = _MESSAGE.pack(_PROCESSES, _PROCESSES, 0, 0, 4, 0, operation)
        done = 3  # NLMSG_DONE
        self._socket.send(_HEADER.pack(_HEADER.size + len(message), done, 0, 0, 0) + message)

    def _listen(self) -> None:
        """Read events until the block has ended, and with it every process that began in it."""
        deadline = float("inf")
        while time.monotonic() < deadline:
            try:
                self._note(self._socket.recv(1 << 16))
            except TimeoutError:
                pass
            except OSError as error:  # the kernel drops events when nobody reads them in time
                self._failure = error
                return
            if self._ended.is_set():
                deadline = min(deadline, time.monotonic() + _PATIENCE if self.alive else 0.0)

    def _note(self, packet: bytes) -> None:
        if len(packet) < _EVENT + _SMALLEST:
            return
        (kind,) = struct.unpack_from("=I", packet, _EVENT)
        numbers = struct.unpack_from("=IIII", packet, _EVENT + 16)
        with self._lock:
            if kind == _FORK:
                _, parent, thread, process = numbers
                if thread == process and parent in {os.getpid(), *self._alive}:
                    self._alive.add(process)
                    self._begun.append(time.time())
            elif kind == _EXIT and numbers[0] == numbers[1]:
                self._alive.discard(numbers[0])
