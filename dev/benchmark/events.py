"""The processes below this one, as the kernel reports them: none is missed, however short it lives.

The kernel's process connector sends an event for each fork and each exit (linux/cn_proc.h). It needs root.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Self

_CONNECTOR, _PROCESSES = 11, 1  # NETLINK_CONNECTOR, CN_IDX_PROC
_LISTEN, _IGNORE = 1, 2
_FORK, _EXIT = 0x1, 0x80000000
_EVENT = 36  # bytes before the event: a netlink header and a connector message
_FORCE_BUFFER, _BUFFER = 33, 4 << 20  # SO_RCVBUFFORCE, which Python does not name
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=IIIIHHI")


@dataclass
class _Family:
    """The processes below this one that are alive, and when each that ever was began."""

    alive: set[int]
    begun: list[float]


class Descendants:
    """The processes that this process and its children start while the block lasts."""

    def __init__(self) -> None:
        self._family = _Family(set(), [])
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _CONNECTOR)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._ended = False

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
        self._ended = True
        self._thread.join()
        self._tell_kernel(_IGNORE)
        self._socket.close()

    @property
    def alive(self) -> frozenset[int]:
        """The ids of the processes that run now."""
        with self._lock:
            return frozenset(self._family.alive)

    @property
    def begun(self) -> tuple[float, ...]:
        """The time at which each process began, in seconds since 1970."""
        with self._lock:
            return tuple(self._family.begun)

    def _tell_kernel(self, operation: int) -> None:
        message = _MESSAGE.pack(_PROCESSES, _PROCESSES, 0, 0, 4, 0, operation)
        done = 3  # NLMSG_DONE
        self._socket.send(_HEADER.pack(_HEADER.size + len(message), done, 0, 0, 0) + message)

    def _listen(self) -> None:
        us = os.getpid()
        while not self._ended:
            try:
                packet = self._socket.recv(1 << 16)
            except (TimeoutError, OSError):
                continue
            if len(packet) < _EVENT + 32:
                continue
            (kind,) = struct.unpack_from("=I", packet, _EVENT)
            first, parent, child, child_process = struct.unpack_from("=IIII", packet, _EVENT + 16)
            with self._lock:
                if kind == _FORK and child == child_process and parent in (us, *self._family.alive):
                    self._family.alive.add(child)
                    self._family.begun.append(time.time())
                elif kind == _EXIT and first == parent:
                    self._family.alive.discard(first)
