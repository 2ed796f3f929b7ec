"""git in checkouts of the platform's repository: commit, push and fetch, and read what any commit holds.

The checkout of a job that pushes has the credentials for it (`persist-credentials`); git uses them by itself. A job
that only fetches passes its token for that one call. Commits are read as git objects, never as files of the checkout:
the merged commit's own `.gitattributes` may change what git writes to disk (ADR 0014).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable, ToolFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

_SECONDS = 120.0
# The account that GitHub shows for commits of a workflow.
_AUTHOR = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")


def commit_on(checkout: Path, base: str, paths: Iterable[str], message: str) -> str:
    """Return a new commit on top of `base` that takes `paths` from the working tree, and nothing else."""
    # An index of its own, so that changes which a person has staged in this checkout are neither committed nor lost.
    index = {"GIT_INDEX_FILE": _git(checkout, "rev-parse", "--absolute-git-dir") + "/goldenpath-index"}
    _git(checkout, "read-tree", base, variables=index)
    _git(checkout, "add", "--all", "--", *paths, variables=index)
    tree = _git(checkout, "write-tree", variables=index)
    # The dates of `base` make the commit reproducible: a retry within the same run pushes nothing (ADR 0006).
    when = _git(checkout, "show", "--no-patch", "--format=%cI", base)
    who = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER")
           for field, value in (("NAME", _AUTHOR[0]), ("EMAIL", _AUTHOR[1]), ("DATE", when))}  # fmt: skip
    return _git(checkout, "commit-tree", tree, "-p", base, "-m", message, variables=who)


def push(checkout: Path, commit: str, branch: str) -> bool:
    """Make `commit` the tip of `branch` at the remote `origin`; tell whether anything was pushed.

    Raises `SourceUnusable` when the remote refuses.
    """
    # With a lease on the tip that was just read: of two wizards that run at once one fails, and none overwrites the
    # branch of the other after its pull request was reviewed.
    try:
        before = _git(checkout, "ls-remote", "origin", f"refs/heads/{branch}").partition("\t")[0]
        if before == commit:
            return False
        lease = f"--force-with-lease=refs/heads/{branch}:{before}"
        _git(checkout, "push", "--quiet", lease, "origin", f"{commit}:refs/heads/{branch}")
    except ToolFailed as error:
        raise SourceUnusable(
            f"The branch {branch} could not be pushed",
            why=error.why,
            fix="Another run may have pushed it just now: start this one again; else see that the job has "
            "`contents: write` and that checkout keeps its credentials",
        ) from error
    return True


def fetch(checkout: Path, revision: str, server_url: str, token: str) -> str:
    """Fetch `revision`, a full ref or a commit's id, from the remote `origin` and return the commit's id.

    `token` is sent to `server_url` only. Raises `SourceUnusable`.
    """
    try:
        settings = _authorization(server_url, token)
        git.fetch(checkout, "origin", revision, timeout=_SECONDS, settings=settings, writes_head=True)
        return _git(checkout, "rev-parse", "--verify", "FETCH_HEAD^{commit}")
    except ToolFailed as error:
        raise SourceUnusable(
            f"{revision} could not be fetched",
            why=error.why,
            fix="Run the job again; if it persists, see that the job has `contents: read`",
        ) from error


def _authorization(server_url: str, token: str) -> tuple[tuple[str, str], ...]:
    """Return the git settings that send `token` to `server_url`."""
    # Settings travel by environment variables: other users of a machine can read command lines.
    key = f"http.{server_url.rstrip('/')}/.extraheader"
    credentials = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    # The empty value resets a header that the checkout may have kept: GitHub rejects two with HTTP 400.
    return ((key, ""), (key, f"AUTHORIZATION: basic {credentials}"))


def resolve(checkout: Path, revision: str) -> str:
    """Return the full id of the commit `revision`. Raises `SourceUnusable` when it is not in the clone."""
    try:
        return _git(checkout, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except ToolFailed as error:
        raise SourceUnusable(
            f"The commit {revision} is not in the checkout", why=error.why, fix="Check out with `fetch-depth: 0`"
        ) from error


def fork_point(checkout: Path, base: str, tip: str) -> str:
    """Return the merge base of `base` and `tip`. Raises `SourceUnusable` when there is none."""
    try:
        return _git(checkout, "merge-base", base, tip)
    except ToolFailed as error:
        raise SourceUnusable(
            f"{base} and {tip} have no history in common", why=error.why, fix="Check out with `fetch-depth: 0`"
        ) from error


def count_commits(checkout: Path, before: str, after: str) -> int:
    """Return the number of commits in `before..after`."""
    return int(_git(checkout, "rev-list", "--count", f"{before}..{after}", "--"))


def first_parents(checkout: Path, before: str, after: str) -> tuple[str, ...]:
    """Return the first-parent commits in `before..after`, oldest first: a merge counts as one."""
    return tuple(_git(checkout, "rev-list", "--first-parent", "--reverse", f"{before}..{after}", "--").split())


def list_files(checkout: Path, commit: str, folders: Iterable[str]) -> dict[str, str]:
    """Return the files of `commit` below `folders`: path → mode, kind and blob id, the same in every clone."""
    entries = git.tree(checkout, commit, tuple(folders))
    return {entry.path.decode("utf-8", "replace"): " ".join(entry[:3]) for entry in entries}


def trailers(checkout: Path, before: str, after: str, key: str) -> tuple[str, ...]:
    """Return the values of the trailer `key` in the messages of the commits in `before..after`."""
    form = f"--format=%(trailers:key={key},valueonly,separator=%x0A)"
    output = _git(checkout, "log", form, f"{before}..{after}", "--")
    return tuple(filter(None, map(str.strip, output.splitlines())))


def parents(checkout: Path, commit: str) -> tuple[str, ...]:
    """Return the ids of the parents of `commit`."""
    return tuple(_git(checkout, "rev-list", "--parents", "--max-count=1", commit, "--").split()[1:])


def tree(checkout: Path, commit: str) -> str:
    """Return the id of the tree of `commit`."""
    return _git(checkout, "rev-parse", "--verify", f"{commit}^{{tree}}")


def merged_tree(checkout: Path, one: str, other: str) -> str:
    """Return the id of the tree that results from merging two commits; empty when they conflict."""
    # The settings that GitHub merges with, whatever the configuration of this machine says.
    as_github = (("merge.renames", "true"), ("merge.directoryRenames", "conflict"))
    words = ("merge-tree", "--write-tree", "--name-only", one, other)
    done = _git(checkout, *words, settings=as_github, accept=(0, 1))
    return done if len(done.splitlines()) == 1 else ""


def text_at(checkout: Path, commit: str, path: str) -> str:
    """Return the text of `path` as it was at `commit`; empty when it was not there."""
    text = git.text_at(checkout, commit, path)
    return "" if text is None else f"{text}\n"


def bytes_at(checkout: Path, commit: str, path: str) -> bytes:
    """Return the committed bytes of `path` at `commit`, without the conversions of a checkout."""
    return git.output(checkout, "cat-file", "blob", f"{commit}:{path}", timeout=_SECONDS)


def changed_paths(checkout: Path, before: str, after: str) -> tuple[str, ...]:
    """Return every path that differs between two commits."""
    output = _git(checkout, "diff-tree", "-r", "--name-only", "--no-renames", "-z", before, after, "--")
    return tuple(filter(None, output.split("\0")))


def _git(
    checkout: Path,
    *words: str,
    variables: Mapping[str, str] | None = None,
    settings: Sequence[tuple[str, str]] = (),
    accept: Collection[int] = (0,),
) -> str:
    return git.text_of(
        git.ask(checkout, *words, timeout=_SECONDS, accept=accept, settings=settings, variables=variables)
    )
