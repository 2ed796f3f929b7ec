"""The process that `goldenpath local up` leaves behind: it serves one folder until it is told to stop (SIGTERM).

Started as `python -I …/background.py <folder>`. When it cannot start, its last line says why.
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
    """Serve `folder`, its state file in place while it answers, until SIGTERM or SIGINT."""
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    with Local.start(folder) as local:
        state.write(folder, describe(local))
        told_to_stop.wait()
        (folder / state.FILE).unlink(missing_ok=True)


def describe(local: Local) -> state.LocalState:
    """Return the state of an emulator in this very process."""
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
