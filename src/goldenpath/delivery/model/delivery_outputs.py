"""How a delivery ended, as a job behind it reads that from GitHub and from the delivery's outputs.

Source: GitHub, "Contexts reference", `needs.<job_id>.result`.
"""

from __future__ import annotations

from enum import StrEnum


class JobResult(StrEnum):
    """How GitHub says that a job ended, or a job that called a workflow."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class DeliveryVerdict(StrEnum):
    """The output `verdict` of a delivery: the stricter of its gates, or `error` where a job failed.

    `NONE` is the output of a delivery that was skipped, or whose job for it did not run.
    """

    PASS = "pass"  # noqa: S105  the verdict, not a password
    ADVISE = "advise"
    BLOCK = "block"
    ERROR = "error"
    NONE = ""
