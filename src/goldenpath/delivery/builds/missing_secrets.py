"""Explain a build that failed because it lacked a secret: which one, and why this run does not have it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.shared.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.delivery.stage import Run

# BuildKit's messages (session/secrets, session/sshforward) about a mount that is `required`.
_SECRET = re.compile(r"ERROR: .*secret (?P<name>[\w.-]+): not found", re.ASCII)
_SSH = re.compile(r"ERROR: .*(?:unset ssh forward key|no SSH key) \"?(?P<name>[\w.-]+)", re.ASCII)


def explained(run: Run, error: BuildFailed, given: Collection[str], empty: Collection[str]) -> BuildFailed:
    """Return an error that names the secret which the build lacked; `error` itself where it has another cause."""
    if match := _SECRET.search(error.why):
        name = match["name"]
        return BuildFailed(
            f"The build needs the secret {name}, and this run has none",
            why=_why(run, name, given, empty),
            fix=f"Give it: {_how(run, name)}; or write `required=false` in the mount where the build can do without",
        )
    if match := _SSH.search(error.why):
        name = match["name"]
        how = "Pass the secret BUILD_SSH_KEY" if run.runner.in_actions else f"Give it with --ssh {name}"
        return BuildFailed(
            f"The build needs the SSH agent or key {name}, and this run has none",
            why=_why(run, name, (), ()),
            fix=f"{how}; or write `required=false` in the mount where the build can do without",
        )
    return error


def _why(run: Run, name: str, given: Collection[str], empty: Collection[str]) -> str:
    if run.event.fork:
        return "GitHub gives no secrets to pull requests from forks"
    if run.event.by_dependabot:
        return "GitHub gives Dependabot's pull requests only the secrets that are kept for Dependabot"
    if name in empty:
        return (
            f"{name} was named with an empty value: mostly the secret behind it does not exist, or is named otherwise"
        )
    return f"The caller gave only these secrets: {', '.join(given)}" if given else "The caller did not give it"


def _how(run: Run, name: str) -> str:
    if run.runner.in_actions:
        return f"add the line {name}=${{{{ secrets.… }}}} to the secret BUILD_SECRETS that the caller passes"
    return f"--secret id={name},env=VARIABLE or --secret id={name},src=FILE"
