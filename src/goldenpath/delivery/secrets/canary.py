"""A secret made for one scan and planted in it: a scan that does not report it did not look.

gitleaks ends with 0 and an empty report in more ways than one: where it takes a file for a program, where it stops
reading what git shows, where its rules let all pass. So it is told of one secret more, which it reaches last, and what
it reports counts only with that one in it.
"""

from __future__ import annotations

import base64
import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from goldenpath.delivery.scanners import scanner

if TYPE_CHECKING:
    from collections.abc import Iterable

_RULE = "github-pat"
_LENGTH = 36
_LETTERS = string.ascii_letters + string.digits


def _secret() -> str:
    return "ghp_" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


class _ReportedLeak(Protocol):
    @property
    def RuleID(self) -> str: ...  # noqa: N802  gitleaks' own name

    @property
    def File(self) -> str: ...  # noqa: N802


_LeakType = TypeVar("_LeakType", bound=_ReportedLeak)


@dataclass(frozen=True)
class Canary:
    """A secret of the form that GitHub's tokens have, in a file whose name no other has and which is last of all."""

    secret: str = field(default_factory=_secret, repr=False)
    name: str = field(default_factory=lambda: f"~canary-{secrets.token_hex(8)}")

    @property
    def text(self) -> bytes:
        """What the file holds."""
        return f'TOKEN = "{self.secret}"\n'.encode()

    @property
    def encoded(self) -> bytes:
        """The same in base64, for a scan that has to decode what it reads."""
        return base64.b64encode(self.text) + b"\n"

    def remove_from(self, leaks: Iterable[_LeakType], places: Iterable[str]) -> tuple[_LeakType, ...]:
        """Return the `leaks` without this secret. Raises `ScannerFailed` when one of the files `places` lacks it."""
        listed, planted = tuple(leaks), frozenset(places)
        if planted - {leak.File for leak in listed if leak.RuleID == _RULE}:
            why = "It did not report a secret that was planted to prove that it reads everything"
            raise scanner.failed("gitleaks", why)
        return tuple(leak for leak in listed if leak.File not in planted)
