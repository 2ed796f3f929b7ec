"""The one JSON document of a command with `--json`, whether it worked or not (docs/json.md)."""

from __future__ import annotations

import sys
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from goldenpath.shared import codec, error_pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from goldenpath.shared.errors import GoldenPathError

COMMAND_SCHEMA = "goldenpath.command/1"


class CommandError(Struct, frozen=True):
    """The error that ended a command: its stable `code`, what happened, why, what to do, and the page about it."""

    code: str
    what: str
    why: str
    fix: str
    page: str


class CommandResult(Struct, frozen=True):
    """What a command did: its exit code, the error that ended it, and its result, which may be there beside an error.

    `command` is its words, like `registry plan`.
    """

    command: str
    exit_code: int
    error: CommandError | None = None
    result: Any = None
    schema: str = COMMAND_SCHEMA


def described(error: GoldenPathError) -> CommandError:
    """Return `error` as a document has it."""
    page = error_pages.address(error.code) if error.code in error_pages.kinds() else ""
    return CommandError(error.code, error.what, error.why, error.fix, page)


@contextmanager
def document_on_stdout() -> Iterator[TextIO]:
    """Give the real stdout, for one document, and lead everything that is printed in the block to stderr."""
    stdout = sys.stdout
    with redirect_stdout(sys.stderr):
        yield stdout


def write(document: CommandResult, stdout: TextIO) -> None:
    """Write `document`. A reader that went away ends nothing."""
    with suppress(OSError):
        stdout.write(codec.encode(document).decode())
        stdout.flush()
