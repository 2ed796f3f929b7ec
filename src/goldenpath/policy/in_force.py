"""Which of an app's rules are in force: its `.goldenpath.yml` as committed, never as it lies in the working tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import SourceUnusable, ToolFailed
from goldenpath.policy import app
from goldenpath.tools import git

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.model.event import Event
    from goldenpath.model.names import Commit
    from goldenpath.policy.app import AppRules
    from goldenpath.policy.matrix import Policy


def rules(policy: Policy, source: Path, event: Event) -> AppRules:
    """Return the app's rules at the commit of `event`; in a pull request, exceptions must be in its base already.

    Raises `PolicyInvalid` when the file is not what its schema says, `SourceUnusable` when it cannot be read.
    """
    proposed = _at(event.commit, policy, source)
    if not event.is_pull_request:
        return proposed
    merged = _at(event.before, policy, source) if event.before and git.has(source, event.before) else app.NO_RULES
    return app.reviewed(proposed, merged)


def app_file(source: Path, commit: Commit) -> str | None:
    """Return the text of `.goldenpath.yml` in `commit`; `None` where there is none. Raises `SourceUnusable`."""
    try:
        if not git.run(source, "ls-tree", "--full-tree", "--name-only", commit, "--", app.FILE):
            return None
        return git.run(source, "show", f"{commit}:{app.FILE}")
    except ToolFailed as error:
        raise SourceUnusable(
            f"{app.FILE} of commit {commit} cannot be read",
            why=error.why,
            fix="check out the commit of the run, with `fetch-depth: 0`",
        ) from error


def _at(commit: Commit, policy: Policy, source: Path) -> AppRules:
    text = app_file(source, commit)
    return app.parse(text, policy) if text is not None else app.NO_RULES
