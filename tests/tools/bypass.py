"""What one row of the table of bypasses is: a way to weaken or fool a gate, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.errors import GateBlocked, GoldenPathError

if TYPE_CHECKING:
    from tests.tools.apps import App


@dataclass(frozen=True)
class Place:
    """Where an attempt is made: an app of its own, and an empty `folder` beside it."""

    app: App
    folder: Path


@dataclass(frozen=True)
class Attempt:
    """What a user then runs: the gate on `source` (the app itself where it is `None`), with these `variables`."""

    variables: Mapping[str, str] = field(default_factory=dict)
    source: Path | None = None


@dataclass(frozen=True)
class Bypass:
    """A way round the gate `stage`, made by `make`.

    It ends with `refused`, or, where that is `None`, with a note; either way `told` is in what the gate says.
    """

    name: str
    stage: str
    make: Callable[[Place], Attempt | None]
    told: str
    refused: type[GoldenPathError] | None = GateBlocked
