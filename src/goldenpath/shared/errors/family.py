"""The base class of every error: what happened, why, and how to fix it."""

from __future__ import annotations

from typing import ClassVar


class GoldenPathError(Exception):
    """A failure that a person can act on.

    `what` is the fact, `why` the reason (may be empty when the fact speaks for itself), `fix` the next thing to do.
    """

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        """Return the one-paragraph form: what, why and fix."""
        sentences = (self.what, self.why, self.fix)
        return " ".join(sentence.rstrip(".") + "." for sentence in sentences if sentence)
