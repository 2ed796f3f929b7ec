"""Plant a generated secret in a scan, to prove that the scanner reads everything.

gitleaks can end with 0 and an empty report without having read its input: when it mistakes a file for a program, when
it stops reading git's output early, or when its rules allow everything. So the input of a scan ends with one more
secret, the canary, and a report without the canary is rejected.
"""

from __future__ import annotations

import base64
import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.delivery.scanners import scanner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.delivery.secrets.gitleaks import Leak

_RULE = "github-pat"
_LENGTH = 36
_LETTERS = string.ascii_letters + string.digits


def _secret() -> str:
    return "ghp_" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


@dataclass(frozen=True)
class Canary:
    """A secret in the form of a GitHub token, in a file with a unique name that sorts last."""

    secret: str = field(default_factory=_secret, repr=False)
    name: str = field(default_factory=lambda: f"~canary-{secrets.token_hex(8)}")

    @property
    def text(self) -> bytes:
        """The content of the file."""
        return f'TOKEN = "{self.secret}"\n'.encode()

    @property
    def encoded(self) -> bytes:
        """The same content in base64, to prove that the scanner also decodes."""
        return base64.b64encode(self.text) + b"\n"

    def remove_from(self, leaks: Iterable[Leak], places: Iterable[str]) -> tuple[Leak, ...]:
        """Return the `leaks` without this secret. Raises `ScannerFailed` when one of the files `places` lacks it."""
        listed, planted = tuple(leaks), frozenset(places)
        if planted - {leak.File for leak in listed if leak.RuleID == _RULE}:
            why = "It did not report a secret that was planted to prove that it reads everything"
            raise scanner.failed("gitleaks", why)
        return tuple(leak for leak in listed if leak.File not in planted)
