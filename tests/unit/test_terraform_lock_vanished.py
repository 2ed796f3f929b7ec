"""A lock that Terraform met, and that was gone before it could read whose it is: nothing was done, and it may go on."""

from __future__ import annotations

import pytest

from goldenpath.registries.terraform.program import lock_vanished
from goldenpath.tools.process import Completed

GONE = (
    b"Error acquiring the state lock: operation error S3: PutObject, https response error StatusCode: 412\n"
    b"unable to retrieve file from S3 bucket 'state': operation error S3: GetObject, "
    b"https response error StatusCode: 404\n"
)


@pytest.mark.parametrize(
    ("code", "said", "vanished"),
    [
        (1, GONE, True),
        (0, GONE, False),
        (1, GONE.replace(b"404", b"403"), False),
        (1, b"Error acquiring the state lock: StatusCode: 412\nLock Info:\n  ID: 5\n", False),
        (1, GONE.replace(b"Error acquiring the state lock", b"Error refreshing state"), False),
    ],
    ids=["gone", "ended well", "not allowed to read it", "held, and read", "another file"],
)
def test_only_a_lock_that_nobody_holds_any_more_is_one_that_vanished(code: int, said: bytes, *, vanished: bool) -> None:
    for done in (Completed("terraform", code, said, b"", 1.0), Completed("terraform", code, b"", said, 1.0)):
        assert lock_vanished(done) is vanished
