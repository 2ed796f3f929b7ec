"""Load the AWS SDK while a delivery waits for something else: it takes as long as pushing a small image."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cache


@cache
def load() -> threading.Thread:
    """Begin to load the SDK, once, in a thread, which is returned; the process may end without it.

    Whoever imports the SDK waits for the thread first.
    """
    thread = threading.Thread(target=_load, name="sdk", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    with suppress(Exception):  # whoever needs it finds out what is wrong with it
        import goldenpath.shared.aws_sdk  # noqa: F401, PLC0415  that is what is loaded ahead
