"""Classify a git folder in an image: a clone of a published repository, or a folder of unknown origin.

Source of the format: git-config(1), "CONFIGURATION FILE".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Bytes. A larger file is not read, and its folder counts as unknown.
LARGEST = 1 << 20
_SECTION = re.compile(r'\[(?P<name>[a-z]+)(?: "[^"\\]*")?\]')
_ENTRY = re.compile(r"(?P<key>[A-Za-z]+)\s*=\s*(?P<value>[^\\#;]*)")
# All keys that `git clone` writes. Any other, such as a header with a token, makes the folder unknown.
_KNOWN = {
    "core": {"repositoryformatversion", "filemode", "bare", "logallrefupdates", "ignorecase", "symlinks", "worktree"},
    "remote": {"url", "fetch", "tagopt"},
    "branch": {"remote", "merge", "rebase"},
    "submodule": {"url", "active"},
    "gc": {"auto"},
}
# Forges where anybody can publish. The address has no user, password or query, in which a token could be.
_PLAIN = re.compile(
    r"https://(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)(?:/(?!\.+(?:/|$))[A-Za-z0-9._~-]+)+/?",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(rb"://[^/\s]*@|extraheader|\[credential", re.IGNORECASE)
_COMMIT = re.compile(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_CONFIG = re.compile(r"config|config\.worktree|modules/.+/config")
_REFS = ("HEAD", "ORIG_HEAD", "FETCH_HEAD", "packed-refs", "shallow")


@dataclass(frozen=True)
class GitFolder:
    """A git folder at `path` in the image, with all its configurations and the commits that its refs name.

    Every layer with a configuration adds one.
    """

    path: str
    configs: tuple[bytes, ...] = ()
    commits: frozenset[str] = frozenset()

    @property
    def has_credentials(self) -> bool:
        """Whether one of its configurations seems to contain a token or a password."""
        return any(_CREDENTIALS.search(config) for config in self.configs)

    @property
    def remotes(self) -> tuple[str, ...]:
        """The plain https addresses that it was cloned from; none if a configuration contains anything else."""
        remotes = [_remotes(config) for config in self.configs]
        return tuple(dict.fromkeys(url for urls in remotes for url in urls)) if all(remotes) else ()


def merge_folders(parts: Iterable[GitFolder]) -> tuple[GitFolder, ...]:
    """Return every folder once, with the configurations and commits of all `parts` that have its path."""
    by_path: dict[str, list[GitFolder]] = {}
    for part in parts:
        by_path.setdefault(part.path, []).append(part)
    return tuple(
        GitFolder(
            path,
            tuple(dict.fromkeys(config for part in known for config in part.configs)),
            frozenset(commit for part in known for commit in part.commits),
        )
        for path, known in by_path.items()
    )


def names_origin(name: str) -> bool:
    """Return whether the file `name` of a git folder tells its origin: a configuration or a ref."""
    return _CONFIG.fullmatch(name) is not None or name in _REFS or name.startswith("refs/")


def read(path: str, name: str, content: bytes) -> GitFolder:
    """Return the git folder at `path` with the configuration or commits in its file `name`."""
    if _CONFIG.fullmatch(name):
        return GitFolder(path, (content,))
    return GitFolder(path, commits=frozenset(commit.decode() for commit in _COMMIT.findall(content)))


def unreadable_folder(path: str) -> GitFolder:
    """Return a git folder of unknown origin, because one of its files cannot be read."""
    return GitFolder(path, (b"?",))


def _remotes(config: bytes) -> tuple[str, ...]:
    try:
        values = tuple(_addresses(config.decode("ascii")))
    except ValueError:
        return ()
    return values if all(map(_PLAIN.fullmatch, values)) else ()


def _addresses(text: str) -> Iterator[str]:
    """Yield every address. Raises `ValueError` for anything that `git clone` does not write."""
    keys: set[str] = set()
    for line in filter(None, map(str.strip, text.splitlines())):
        if section := _SECTION.fullmatch(line):
            keys = _KNOWN.get(section["name"], set())
        elif (entry := _ENTRY.fullmatch(line)) and entry["key"].lower() in keys:
            if entry["key"].lower() == "url":
                yield entry["value"].strip()
        else:
            raise ValueError(line)
