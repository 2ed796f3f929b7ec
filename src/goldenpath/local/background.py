"""Serve the emulator of one folder in the background, until SIGTERM.

`goldenpath local up` starts this file as `python -I …/background.py <folder>`. When it cannot start, the last line
of its output gives the reason.
"""

import os
import signal
import sys
import threading
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from goldenpath.local import state
from goldenpath.local.server import Local


def serve(folder: Path) -> None:
    """Serve `folder` until SIGTERM or SIGINT; its state file exists while the services run."""
    stop_requested = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    with Local.start(folder) as local:
        state.write(folder, describe(local))
        stop_requested.wait()
        (folder / state.FILE).unlink(missing_ok=True)


def describe(local: Local) -> state.LocalState:
    """Return the state of the emulator that runs in this process."""
    return state.LocalState(
        pid=os.getpid(),
        registry_host=local.registry_host,
        account=local.account,
        region=local.region,
        admin_key_id=local.admin.id,
        admin_key_secret=local.admin.secret,
        control_url=local.control_url,
        control_token=local.control_token,
        environment=local.environment(),
    )


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
