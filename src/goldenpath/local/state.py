"""`goldenpath local up`, `down` and `status`: one emulator per folder, in a process of its own.

`state.json` in the folder holds its addresses and its secrets; only the owner of the folder may read it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sys
import time
from collections.abc import Mapping  # noqa: TC003  the codec reads the annotation
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from goldenpath.local.control import HEALTH, SEED, Seed
from goldenpath.shared import codec, process, runner
from goldenpath.shared.errors import LocalTrouble
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    import subprocess  # noqa: TID251  the type only
    from collections.abc import Callable

FILE = "state.json"
_LOG = "background.log"
_PATIENCE = 60.0
_STOPPING = 15.0
# Keeps the `Popen` of a child that runs on: Python warns when one is collected, and only its `Popen` can reap it.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class LocalState:
    """A running emulator: its process, its addresses, and the env variables that lead a run to it (`environment`)."""

    pid: int
    registry_host: str
    account: str
    region: str
    admin_key_id: str
    admin_key_secret: str
    control_url: str
    control_token: str
    environment: Mapping[str, str]


def up(folder: Path, *, seed: Seed | None = None, say: Callable[[str], None] = lambda _: None) -> LocalState:
    """Start an emulator for `folder` in the background unless one runs, and create the content of `seed` in it.

    `say` receives a line before a step that takes long.

    Raises `LocalTrouble` when it does not come up; its log is `background.log` in `folder`.
    """
    state = status(folder) or _start(folder, say)
    if seed is not None:
        _apply_seed(state, seed)
    return state


def down(folder: Path) -> bool:
    """Stop the emulator of `folder` and wait until it is gone; `False` when none was running."""
    state = status(folder)
    if state is not None:
        _stop(state.pid)
    (folder / FILE).unlink(missing_ok=True)
    return state is not None


def status(folder: Path) -> LocalState | None:
    """Return the emulator of `folder`; `None` when none is running, whatever an old state file says."""
    try:
        state = codec.decode((folder / FILE).read_bytes(), LocalState)
    except (OSError, ValueError):
        return None
    return state if _ask(state, "GET", HEALTH) == http.HTTPStatus.OK else None


def write(folder: Path, state: LocalState) -> None:
    """Write `state` to the state file of `folder`, which only its owner can read, from its creation on."""
    part = folder / f".{FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(codec.encode(state))
    part.replace(folder / FILE)


def _start(folder: Path, say: Callable[[str], None]) -> LocalState:
    # In the foreground, where progress is visible: a build of the registry can take longer than `_PATIENCE`.
    Toolchain.load(say=say).provide("registry")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in (FILE, _LOG):
        (folder / old).unlink(missing_ok=True)
    program = Path(__file__).with_name("background.py")
    cache = {"GOLDENPATH_CACHE": str(runner.cache_dir())}
    child = process.start(sys.executable, "-I", program, folder, log=folder / _LOG, environment=cache)
    try:
        state = _wait_until_up(folder, child)
    except BaseException:
        process.stop_group(child)
        raise
    _CHILDREN[state.pid] = child
    return state


def _wait_until_up(folder: Path, child: subprocess.Popen[bytes]) -> LocalState:
    deadline = time.monotonic() + _PATIENCE
    while child.poll() is None and time.monotonic() < deadline:
        if state := status(folder):
            return state
        time.sleep(0.02)
    words = (folder / _LOG).read_text("utf-8", "replace").strip().splitlines()
    raise LocalTrouble(
        "The local registry and AWS emulator did not come up",
        why=words[-1] if words else f"It did not respond within {_PATIENCE:g} seconds",
        fix=f"See {folder / _LOG}, then run `goldenpath local up` again",
    )


def _stop(pid: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + _STOPPING
        while time.monotonic() < deadline:
            if not _is_alive(pid):
                return
            time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    if child := _CHILDREN.get(pid):
        return child.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _apply_seed(state: LocalState, seed: Seed) -> None:
    if _ask(state, "POST", SEED, codec.encode(seed)) != http.HTTPStatus.OK:
        raise LocalTrouble(
            "The local emulator did not create the requested repositories and roles",
            why=", ".join((*seed.repositories, *seed.immutable_repositories, *seed.roles)),
            fix="Check the names: ECR's rules for repositories, IAM's for roles",
        )


def _ask(state: LocalState, method: str, path: str, body: bytes = b"") -> int | None:
    """Return the HTTP status of the response from the emulator of `state`; `None` without a response."""
    at = urlsplit(state.control_url)
    with contextlib.closing(http.client.HTTPConnection(at.hostname or "", at.port, timeout=5)) as connection:
        try:
            connection.request(method, path, body or None, {"Authorization": f"Bearer {state.control_token}"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
