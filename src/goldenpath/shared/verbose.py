"""Log every program and every HTTP request on stderr, for `--verbose` and GitHub's debug logging.

An environment, a program's input and output, headers and bodies are never shown, because that is where the secrets are.
"""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING

from goldenpath.shared import masks, runner, shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# An argument may be a program of its own, like the definition of a build.
LONGEST = 2_000
_on = False


def asked_by_runner(variables: Mapping[str, str]) -> bool:
    """Tell whether somebody enabled debug logging for this workflow run (GitHub, "Enable debug logging")."""
    return runner.in_actions() and variables.get("RUNNER_DEBUG") == "1"


def switch(*, on: bool) -> None:
    """Show programs and requests from now on, or no longer. Before the first line, secret variables are masked."""
    global _on  # noqa: PLW0603  a program may be started in any thread, so it is no ContextVar
    if on:
        masks.hide_variables(runner.variables())
    _on = on


def is_on() -> bool:
    """Tell whether programs and requests are shown."""
    return _on


def program(argv: Sequence[str], end: str, seconds: float | None = None) -> None:
    """Show that the program `argv` ended, or began, as `end` says."""
    if _on:
        # Masked first: quoting would change a secret so that it is no longer recognised.
        _show("$ " + " ".join(_quoted(masks.masked(word)) for word in argv), end, seconds)


def request(method: str, url: str, end: str, seconds: float) -> None:
    """Show that a request was made. The user, the query and the fragment of `url` are left out."""
    if _on:
        # Not parsed as a URL: a parser may refuse it, and a log must not be what ends a release.
        scheme, _, rest = re.split(r"[?#]", masks.masked(url))[0].partition("://")
        host, slash, path = rest.partition("/")
        _show(f"{method} {scheme}://{host.rpartition('@')[2]}{slash}{path}", end, seconds)


def aws_call(name: str, end: str) -> None:
    """Show that AWS was called, like `ecr.PutImage`."""
    if _on:
        _show(f"AWS {name}", end, None)


def _show(subject: str, end: str, seconds: float | None) -> None:
    shown = subject if len(subject) <= LONGEST else f"{subject[:LONGEST]}… ({len(subject)} characters)"
    took = "" if seconds is None else f"  ({seconds:.2f} s)"
    line = shown_text.plain(f"{shown}  → {end}{took}".replace("\n", "\\n"))
    with contextlib.suppress(OSError, ValueError):  # a log that is closed must not stop a release
        # A runner reads commands from stderr too (actions/runner, ScriptHandler).
        sys.stderr.write(f"{runner.command('debug', line) if asked_by_runner(runner.variables()) else line}\n")
        sys.stderr.flush()


def _quoted(word: str) -> str:
    return word if word and not any(ch.isspace() for ch in word) else f"'{word}'"
