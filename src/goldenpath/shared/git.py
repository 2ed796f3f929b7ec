"""Run git on an app's checkout, read-only: its commit, its origin, and whether commits are present."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, NamedTuple

from goldenpath.shared import git_settings, process, remotes
from goldenpath.shared.errors import SourceUnusable, ToolFailed
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from goldenpath.shared.process import Completed

TIMEOUT = 60.0
# A whole history, from a forge, over a slow line.
FETCH_TIMEOUT = 300.0
_CHUNK = 1 << 20
_YEAR_10000 = 253_402_300_800
_QUOTED = 40


class TreeEntry(NamedTuple):
    """A file, a link or a submodule of a commit, as git-ls-tree(1) prints it; `path` is as git keeps it."""

    mode: str
    kind: str
    identity: str
    path: bytes


def run(source: Path, *words: str, timeout: float = TIMEOUT) -> str:
    """Return what `git <words>` prints in `source`, without the last newline. Raises `ToolFailed`."""
    return text_of(ask(source, *words, timeout=timeout))


def output(source: Path, *words: str, timeout: float = TIMEOUT) -> bytes:
    """Return the bytes that `git <words>` prints in `source`. Raises `ToolFailed`."""
    return ask(source, *words, timeout=timeout).stdout


def affirms(source: Path, *words: str) -> bool:
    """Tell whether `git <words>`, a question, ends with yes (0) in `source`; no is 1, or 128 when it cannot tell."""
    return ask(source, *words, accept=(0, 1, 128)).code == 0


def ask(
    source: Path,
    *words: str,
    timeout: float = TIMEOUT,
    accept: Collection[int] = (0,),
    stdin: bytes = b"",
    settings: Sequence[tuple[str, str]] = (),
    variables: Mapping[str, str] | None = None,
) -> Completed:
    """Run `git <words>` in `source`, and return how it ended. Raises `ToolFailed` for a code that is not accepted.

    `settings` and `variables` are for this one call.
    """
    environment = {**git_settings.environment(words[0], settings), **(variables or {})}
    command = git_settings.command(source, *words)
    return process.run(*command, timeout=timeout, environment=environment, accept=accept, stdin=stdin)


def text_of(done: Completed) -> str:
    """Return what a command printed, without the last newline."""
    return done.stdout.decode("utf-8", "replace").rstrip("\n")


def head(source: Path) -> Commit:
    """Return the commit that `source` is at. Raises `SourceUnusable` when it is no git checkout or has no commit."""
    if not source.is_dir():
        raise SourceUnusable(f"{source} is not a folder", fix="Name the folder of a git checkout with --source")
    try:
        return Commit(run(source, "rev-parse", "--verify", "HEAD^{commit}"))
    except ToolFailed as error:
        raise SourceUnusable(
            f"{source} is not a git checkout with at least one commit",
            why=error.why,
            fix="Run inside the app's repository (in a workflow: after actions/checkout), or name it with --source",
        ) from error


def top(source: Path) -> Path:
    """Return the folder that the checkout of `source` begins in. Raises `ToolFailed` where there is none."""
    return _top(source.absolute())


@cache
def _top(source: Path) -> Path:
    return Path(run(source, "rev-parse", "--show-toplevel"))


def has(source: Path, commit: Commit) -> bool:
    """Tell whether `commit`, or an annotated tag of that id, is in the clone `source`."""
    return affirms(source, "cat-file", "-e", f"{commit}^{{commit}}")


def is_ancestor(source: Path, earlier: str, later: str) -> bool:
    """Tell whether `later` comes from `earlier`; `False` too when one of them is not in the clone."""
    return affirms(source, "merge-base", "--is-ancestor", earlier, later)


def merge_bases(source: Path, one: Commit, other: Commit) -> tuple[Commit, ...]:
    """Return the best common ancestors of two commits; none when they share nothing."""
    if not affirms(source, "merge-base", one, other):
        return ()
    return tuple(Commit(line) for line in run(source, "merge-base", "--all", one, other).split())


def history_alone(source: Path, folder: Path) -> Path:
    """Make the new `folder` a repository that has every object of the clone `source` and nothing else of it.

    It has no refs, configuration, attributes, grafts, replacements nor files, and so nothing that hides a commit or
    changes how one is shown. Source: gitrepository-layout(5), `objects/info/alternates`.
    """
    # Objects are named by the same hash as in `source`, whichever is the default of this git.
    asked = ("--show-object-format", "--path-format=absolute", "--git-path", "objects")
    form, _, objects = run(source, "rev-parse", *asked).partition("\n")
    folder.mkdir()
    run(folder, "init", "--quiet", "--template=", f"--object-format={form}")
    (folder / ".git" / "objects" / "info" / "alternates").write_text(objects + "\n", encoding="utf-8")
    return folder


def is_shallow(source: Path) -> bool:
    """Tell whether the clone `source` lacks part of its history."""
    return run(source, "rev-parse", "--is-shallow-repository") == "true"


def tracked(source: Path) -> tuple[str, ...]:
    """Return the path of every file that git keeps in the checkout."""
    return tuple(filter(None, run(source, "ls-files", "-z").split("\0")))


def tree(source: Path, commit: str, folders: Sequence[str] = ()) -> Iterator[TreeEntry]:
    """Yield everything that `commit` holds, or what it holds below `folders`. Raises `ToolFailed`."""
    for line in _tree(source, commit, tuple(folders)).split(b"\0"):
        head, _, path = line.partition(b"\t")
        if head:
            mode, kind, identity = head.decode().split()
            yield TreeEntry(mode, kind, identity, path)


# What a commit holds never changes.
@lru_cache(maxsize=8)
def _tree(source: Path, commit: str, folders: Sequence[str]) -> bytes:
    return output(source, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *folders)


def text_at(source: Path, commit: str, path: str) -> str | None:
    """Return the text of `path` in `commit`, without the last newline; `None` where there is none."""
    if not run(source, "ls-tree", "--full-tree", "--name-only", commit, "--", path):
        return None
    return run(source, "cat-file", "blob", f"{commit}:{path}")


def fetch(
    source: Path,
    *words: str,
    timeout: float = FETCH_TIMEOUT,
    settings: Sequence[tuple[str, str]] = (),
    writes_head: bool = False,
) -> None:
    """Run `git fetch <words>` without tags and submodules; `FETCH_HEAD` is written where `writes_head`.

    Raises `ToolFailed`, `ToolTimeout`.
    """
    head = () if writes_head else ("--no-write-fetch-head",)
    command = ("fetch", "--quiet", "--no-tags", *head, "--no-recurse-submodules", *words)
    ask(source, *command, timeout=timeout, settings=settings)


def is_partial(source: Path) -> bool:
    """Tell whether the clone `source` was made with a filter, and may lack the contents of files."""
    return affirms(source, "config", "--get-regexp", r"^remote\..*\.promisor$")


def fetch_history(source: Path, commit: Commit) -> None:
    """Fetch what a shallow or partial clone lacks of `commit` and all before it. Raises `ToolFailed`, `ToolTimeout`."""
    deeper = ("--unshallow",) if is_shallow(source) else ()
    # A filtered clone says that it has what it was promised: without --refetch nothing more would come.
    whole = ("--refetch", "--no-filter") if is_partial(source) else ()
    fetch(source, *deeper, *whole, "origin", commit)


def lacks_objects(source: Path, commit: Commit) -> bool:
    """Tell whether anything that `commit` and its history hold is not in the clone `source`."""
    listed = run(source, "rev-list", "--objects", "--missing=print", commit)
    return any(line.startswith("?") for line in listed.split("\n"))


def branch_ref(source: Path) -> str:
    """Return the ref that `source` is on, like `refs/heads/main`; `HEAD` when detached."""
    return run(source, "rev-parse", "--symbolic-full-name", "HEAD")


def origin_url(source: Path) -> str:
    """Return the web address of the remote `origin`, without credentials; empty when there is none or it is unsure."""
    done = ask(source, "config", "--get", "remote.origin.url", accept=(0, 1))
    return remotes.web_address(done.stdout.decode("utf-8", "replace").strip())


class Reader:
    """Objects out of a clone, in the order in which one git process was asked for them."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output

    def read(self, identity: str) -> Iterator[bytes]:
        """Yield the next object, `identity`, in pieces, to be read to the end. Raises `SourceUnusable` if missing."""
        head = self._output.readline().split()
        if len(head) != 3 or head[0].decode() != identity:  # noqa: PLR2004  "<id> <type> <size>", else "<id> missing"
            raise SourceUnusable(
                f"The git object {identity} is missing from the checkout",
                why="The clone is partial or damaged, and what is missing cannot be scanned",
                fix="Check out with `fetch-depth: 0` and without a filter",
            )
        left = int(head[2])
        while left:
            chunk = self._output.read(min(_CHUNK, left))
            if not chunk:
                raise SourceUnusable(f"git ended in the middle of the object {identity}", fix="Run again")
            left -= len(chunk)
            yield chunk
        self._output.read(1)  # the newline after each object


@contextmanager
def reader(source: Path, identities: Sequence[str]) -> Iterator[Reader]:
    """Give a reader of the objects `identities` in the clone `source`."""
    child, questions, objects = _started(source, "--buffer")
    # All requests are written at once, while a thread reads: one round trip for each takes three times as long.
    asking = Thread(target=_ask, args=(questions, identities))
    asking.start()
    try:
        yield objects
    finally:
        process.stop_group(child)
        asking.join()


@contextmanager
def asked(source: Path) -> Iterator[Callable[[str], bytes]]:
    """Give a function that returns the content of an object in the clone `source`, each asked for after the last."""
    child, questions, objects = _started(source)

    def ask(identity: str) -> bytes:
        questions.write(f"{identity}\n".encode())
        questions.flush()
        return b"".join(objects.read(identity))

    try:
        yield ask
    finally:
        with suppress(BrokenPipeError):
            questions.close()
        process.stop_group(child)


def _started(source: Path, *options: str) -> tuple[process.Child, IO[bytes], Reader]:
    """Start a git that reads objects; return it, its input, and its output. Source: git-cat-file(1), `--batch`."""
    command = git_settings.command(source, "cat-file", "--batch", *options)
    child = process.start(*command, environment=git_settings.environment("cat-file"))
    questions, child.stdin = child.stdin, None
    if questions is None or child.stdout is None:
        raise AssertionError("the pipes were asked for")
    return child, questions, Reader(child.stdout)


def _ask(questions: IO[bytes], identities: Sequence[str]) -> None:
    # Where git has ended, there is no output to read, and the reader reports that.
    with suppress(BrokenPipeError), questions:
        questions.writelines(f"{identity}\n".encode() for identity in identities)


def commit_time(source: Path, commit: Commit) -> int:
    """Return when `commit` was committed, in seconds since 1970. Raises `SourceUnusable` for a date out of range.

    git takes any number for a date, and what an image is labelled with has years of four digits.
    """
    seconds = run(source, "show", "--no-patch", "--format=%ct", commit)
    if re.fullmatch(r"\d{1,12}", seconds, re.ASCII) and int(seconds) < _YEAR_10000:
        return int(seconds)
    raise SourceUnusable(
        f"The commit {commit} has no usable date",
        why=f"Its committer's date is {seconds[:_QUOTED] or 'none'}, and it has to lie between the years 1970 and 9999",
        fix="Give it another with `git commit --amend --reset-author --no-edit`, and push that",
    )
