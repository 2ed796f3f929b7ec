"""git, read only: which commit a folder is at, where it came from, and whether commits are there."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from goldenpath.errors import SourceUnusable, ToolFailed
from goldenpath.model.names import Commit
from goldenpath.tools import process

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 60.0
_CHUNK = 1 << 20


def run(source: Path, *words: str) -> str:
    """Return what `git <words>` prints in `source`, without the last newline. Raises `ToolFailed`."""
    # The folder may belong to another user (a container's, or the runner's): reading it is all we do.
    done = process.run("git", "-c", "safe.directory=*", "-C", source, *words, timeout=TIMEOUT)
    return done.stdout.decode("utf-8", "replace").rstrip("\n")


def head(source: Path) -> Commit:
    """Return the commit that `source` is at. Raises `SourceUnusable` when it is no git checkout or has no commit."""
    if not source.is_dir():
        raise SourceUnusable(f"{source} is not a folder", fix="name the folder of a git checkout with --source")
    try:
        return Commit(run(source, "rev-parse", "--verify", "HEAD^{commit}"))
    except ToolFailed as error:
        raise SourceUnusable(
            f"{source} is not a git checkout with at least one commit",
            why=error.why,
            fix="run inside the app's repository (in a workflow: after actions/checkout), or name it with --source",
        ) from error


def has(source: Path, commit: Commit) -> bool:
    """Tell whether `commit` is in the clone `source`."""
    done = process.run(
        "git", "-c", "safe.directory=*", "-C", source, "cat-file", "-e", f"{commit}^{{commit}}",
        timeout=TIMEOUT, accept=(0, 1, 128),
    )  # fmt: skip
    return done.code == 0


def folder(source: Path) -> Path:
    """Return where the clone `source` keeps its history: its `.git` folder, or what stands for it in a worktree."""
    return Path(run(source, "rev-parse", "--absolute-git-dir"))


def is_shallow(source: Path) -> bool:
    """Tell whether the clone `source` lacks part of its history."""
    return run(source, "rev-parse", "--is-shallow-repository") == "true"


def changed(source: Path) -> tuple[str, ...]:
    """Return the tracked files of `source` that differ from its commit."""
    listed = run(source, "diff", "--name-only", "--no-ext-diff", "--no-textconv", "-z", "HEAD", "--")
    return tuple(filter(None, listed.split("\0")))


def branch_ref(source: Path) -> str:
    """Return the ref that `source` is on, like `refs/heads/main`; `HEAD` when detached."""
    return run(source, "rev-parse", "--symbolic-full-name", "HEAD")


def origin_url(source: Path) -> str:
    """Return the web address of the remote `origin`, without any credentials in it; empty when there is none."""
    done = process.run(
        "git", "-c", "safe.directory=*", "-C", source, "config", "--get", "remote.origin.url",
        timeout=TIMEOUT, accept=(0, 1),
    )  # fmt: skip
    return web_address(done.stdout.decode("utf-8", "replace").strip())


def web_address(remote: str) -> str:
    """Return the https address of a git `remote` written as https, ssh or `git@host:path`; empty for any other."""
    if remote.startswith("git@"):
        host, _, path = remote.removeprefix("git@").partition(":")
    elif remote.startswith(("https://", "ssh://")):
        host, _, path = remote.partition("://")[2].partition("/")
        host = host.rpartition("@")[2].partition(":")[0]
    else:
        return ""
    return f"https://{host}/{path.removesuffix('.git')}" if host and path else ""


class Reader:
    """Objects out of a clone, one after the other, through one git process."""

    def __init__(self, ask: IO[bytes], answers: IO[bytes]) -> None:
        self._ask = ask
        self._answers = answers

    def read(self, identity: str) -> Iterator[bytes]:
        """Yield the object `identity` in pieces, to be read to the end. Raises `SourceUnusable` when it is missing."""
        self._ask.write(f"{identity}\n".encode())
        self._ask.flush()
        head = self._answers.readline().split()
        if len(head) != 3:  # noqa: PLR2004  "<id> <type> <size>", else "<id> missing"
            raise SourceUnusable(
                f"the git object {identity} is missing from the checkout",
                why="the clone is partial or damaged, and what is missing cannot be scanned",
                fix="check out with `fetch-depth: 0` and without a filter",
            )
        left = int(head[2])
        while left:
            chunk = self._answers.read(min(_CHUNK, left))
            if not chunk:
                raise SourceUnusable(f"git ended in the middle of the object {identity}", fix="run again")
            left -= len(chunk)
            yield chunk
        self._answers.read(1)  # the newline after each object


@contextmanager
def reader(source: Path) -> Iterator[Reader]:
    """Give a reader of the objects in the clone `source`."""
    child = process.start("git", "-c", "safe.directory=*", "-C", source, "cat-file", "--batch")
    if child.stdin is None or child.stdout is None:
        raise AssertionError("the pipes were asked for")
    try:
        yield Reader(child.stdin, child.stdout)
    finally:
        process.stop_group(child)


def commit_time(source: Path, commit: Commit) -> int:
    """Return when `commit` was committed, in seconds since 1970."""
    return int(run(source, "show", "--no-patch", "--format=%ct", commit))


def count(source: Path, *revisions: str) -> int:
    """Return how many commits `revisions` select."""
    return int(run(source, "rev-list", "--count", *revisions))
