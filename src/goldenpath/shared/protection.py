"""Protect this process from other programs of the same user: with a private folder, and memory they cannot read.

Sources: proc(5), `/proc/pid/environ` (the memory that the variables were given in, whatever was unset since);
PR_SET_DUMPABLE(2const). Why: docs/adr/0017-what-a-runner-may-have-kept.md.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from goldenpath.shared.errors import FolderUntrusted

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

_GROUP_OR_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_PR_SET_DUMPABLE = 4


def private_folder(path: Path, *, closed_to: int = _GROUP_OR_OTHERS) -> Path:
    """Return the folder `path`, made for this user only where it is missing.

    Raises `FolderUntrusted` when it is a link or no folder, belongs to another user, or has one of the permission bits
    `closed_to`: then somebody else chose, or can change, what is in it. Raises it too when it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise _untrusted(path, error.strerror or str(error)) from error
    if why := _objection(status, closed_to):
        raise _untrusted(path, why)
    return path


def out_of_reach(folder: Path) -> bool:
    """Tell whether this user can write neither to `folder`, nor to what it stands in, nor to its own folders."""
    below = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return folder.is_dir() and not any(os.access(parent, os.W_OK) for parent in (*below, folder, *folder.parents))


def hide_environment(shown: Container[str]) -> None:
    """Hide every variable but those in `shown` from all who may read `/proc/PID/environ`, and close our memory to them.

    The variables stay as they are for this process and for what it starts. root can still read our memory.
    """
    if sys.platform != "linux":
        return
    # Loaded where it is used: importing it takes longer than the work.
    import ctypes  # noqa: PLC0415

    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    table = ctypes.POINTER(ctypes.c_void_p).in_dll(libc, "environ")
    given: list[int] = []
    while address := table[len(given)]:
        given.append(address)
    for address in given:
        name, _, value = ctypes.string_at(address).partition(b"=")
        if value and os.fsdecode(name) not in shown and not name.startswith(b"LD_"):
            os.putenv(name, value)  # a copy elsewhere, which libc finds from now on
            ctypes.memset(address + len(name) + 1, 0, len(value))


def _objection(status: os.stat_result, closed_to: int) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "it is no folder"
    if status.st_uid != os.geteuid():
        return f"it belongs to the user with the id {status.st_uid}, and this is {os.geteuid()}"
    if status.st_mode & closed_to:
        return f"users other than its owner may write to it (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def _untrusted(path: Path, why: str) -> FolderUntrusted:
    return FolderUntrusted(
        f"The folder {path} cannot be trusted, and nothing was read from it",
        why=why,
        fix="Find out who made it, and remove it; or name a folder of your own (--work-dir)",
    )
