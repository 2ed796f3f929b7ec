"""Settings for every start of git: its results depend on no configuration of the user, the machine or the clone.

The user's and the machine's configuration is not read, except by commands that need it to reach a remote or to convert
a file as this checkout converts it. The clone's own configuration cannot be left out, so `SETTINGS` overrides the keys
that would change a result or start another program. Sources: git-config(1); git(1), "Environment Variables".
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Keys of a clone's own configuration that no command of ours may obey.
SETTINGS = {
    # A commit-graph file says which parents a commit has, and may be wrong.
    "core.commitGraph": "false",
    # These start programs: a file watcher, hooks, and gpg for each signed commit that is shown.
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "log.showSignature": "false",
    # These write into the clone or go on in the background after the command has ended.
    "core.splitIndex": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.writeCommitGraph": "false",
    # A fetch deletes no ref of the user, and a push sends only what it names.
    "fetch.prune": "false",
    "fetch.pruneTags": "false",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    # These change what is printed, or where.
    "color.ui": "false",
    "core.quotePath": "false",
    "diff.ignoreSubmodules": "none",
    "diff.noprefix": "false",
    "diff.relative": "false",
    "format.pretty": "medium",
    "i18n.logOutputEncoding": "UTF-8",
    "log.follow": "false",
    "log.mailmap": "false",
}
NO_CONFIGURATION = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}
# These reach a remote (`cat-file` does in a partial clone), or convert files as this checkout converts them.
_NEED_CONFIGURATION = frozenset({"add", "cat-file", "fetch", "hash-object", "ls-remote", "push"})


def _counted(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    listed = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        listed |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return listed


# History as it was written: replacements and grafts are not looked at. Nobody is there to be asked for a password. The
# user's `core.sshCommand` holds the key of a checkout that was made with one, so ssh is not replaced by another.
ENVIRONMENT = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null/none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS_REQUIRE": "never",
    **_counted(tuple(SETTINGS.items())),
}


def command(source: Path, *words: str) -> tuple[str | Path, ...]:
    """Return the words that start `git <words>` in `source`."""
    # The folder may belong to another user (a container's, or the runner's): reading it is all we do. A folder of the
    # app may look like a repository, whose configuration would name programs to run.
    return ("git", "-c", "safe.directory=*", "-c", "safe.bareRepository=explicit", "-C", source, *words)


def environment(subcommand: str, more: Sequence[tuple[str, str]] = ()) -> Mapping[str, str]:
    """Return the variables for `git <subcommand>`; `more` are settings for this one call, like a header for a host."""
    settings = _counted((*SETTINGS.items(), *more))
    unread = {} if subcommand in _NEED_CONFIGURATION else NO_CONFIGURATION
    return {**ENVIRONMENT, **settings, **unread}
