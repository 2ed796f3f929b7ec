"""The command with its costs counted: programs started, requests to AWS, files of the candidate opened, bytes moved.

The counts are written as JSON to the file that COUNTS names when the command ends. Its programs are those that the
tests share, as in `trusting`.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from botocore.client import BaseClient

from goldenpath import cli
from goldenpath.shared import process, runner

counts: Counter[str] = Counter()


def count_programs() -> None:
    """Count each program that is started, by its name."""
    start = process.start

    def counted(*command: object, **options: Any) -> object:  # noqa: ANN401  as `start` takes them
        counts[f"process {Path(str(command[0])).name}"] += 1
        return start(*map(str, command), **options)

    process.start = counted  # type: ignore[assignment]


def count_requests() -> None:
    """Count each request to AWS, by service and operation."""
    call = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001  where every request passes

    def counted(self: BaseClient, operation: str, given: object) -> object:
        counts[f"AWS {self.meta.service_model.service_name} {operation}"] += 1
        return call(self, operation, given)

    BaseClient._make_api_call = counted  # type: ignore[attr-defined]  # noqa: SLF001


def count_openings() -> None:
    """Count how often this process opens a blob of the candidate."""

    def note(event: str, given: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(given[0], str) and "/candidate/blobs/sha256/" in given[0]:
            counts[f"opened {given[0].rpartition('/')[2]}"] += 1

    sys.addaudithook(note)


def moved() -> dict[str, int]:
    """Return how many bytes this process and all programs that it waited for read and wrote, from any file or pipe.

    Source: proc(5), /proc/[pid]/io; what a program did is added to that of the process that waits for it.
    """
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    told = {name: int(number) for name, number in (line.split(": ") for line in lines)}
    return {"bytes read": told["rchar"], "bytes written": told["wchar"]}


def trusts_machine() -> bool:
    """Tell that the machine of the tests is the user's own."""
    return True


if __name__ == "__main__":
    file = Path(os.environ.pop("COUNTS"))
    runner.trusts_machine = trusts_machine
    for begin in (count_programs, count_requests, count_openings):
        begin()
    try:
        cli.main()
    finally:
        file.write_text(json.dumps({**counts, **moved()}), encoding="utf-8")
