"""Check the commit of the run out as actions/checkout does; see README.md beside the stand-ins."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from checkout_auth import Auth
from checkout_git import Failed, Git

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_SHA_256_DIGITS = 64
_HEADS, _TAGS, _PULL = "refs/heads/", "refs/tags/", "refs/pull/"
_ALL_TAGS = "+refs/tags/*:refs/tags/*"
_MOVED = "The ref '{}' does not point to the expected commit '{}'. The ref may have been updated after the workflow was"
_FORK = "Refusing to check out fork pull request code from a '{}' workflow."


@dataclass(frozen=True)
class Checkout:
    """What is checked out: a `ref`, a `commit`, or a ref that must be at a commit; where to, and what with it."""

    git: Git
    auth: Auth
    ref: str
    commit: str
    depth: int
    clean: bool
    persist: bool
    lfs: bool
    submodules: str

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Checkout:
        """Read the inputs and the run. Raises `Failed`."""
        given = {name: str(value).strip() for name, value in json.loads(env["INPUTS"]).items()}
        workspace = Path(env["GITHUB_WORKSPACE"])
        folder = Path(os.path.normpath(workspace / given.get("path", "")))
        if not folder.is_relative_to(workspace):
            raise Failed(f"Repository path '{folder}' is not under '{workspace}'")
        ref, commit = given.get("ref", ""), ""
        if not ref:
            ref, commit = env["GITHUB_REF"], env["GITHUB_SHA"]
            ref = ref if ref.startswith("refs/") else f"{_HEADS}{ref}"
        elif _COMMIT.fullmatch(ref):
            ref, commit = "", ref
        if given.get("ref"):
            refuse_forks(ref, commit, env)
        depth = int(given["fetch-depth"]) if re.fullmatch(r"\d+", given.get("fetch-depth", "")) else 0
        clean, persist, lfs = (
            given.get(name, "").upper() == "TRUE" for name in ("clean", "persist-credentials", "lfs")
        )
        git = Git(folder, env).for_lfs(wanted=lfs)
        auth = Auth(git, given.get("token", ""))
        return cls(git, auth, ref, commit, depth, clean, persist, lfs, given.get("submodules", "").upper())

    def do(self) -> str:
        """Do it and return the commit. Raises `Failed`."""
        self._prepare()
        if not (self.git.folder / ".git").is_dir():
            form = ("--object-format=sha256",) if len(self.commit) == _SHA_256_DIGITS else ()
            self.git("init", "--quiet", *form)
            self.git("remote", "add", "origin", self.git.env["STAND_IN_ORIGIN"])
        self.git("config", "--local", "gc.auto", "0")
        self.auth.configure()
        try:
            self._check_out()
        finally:
            if not self.persist:
                self.auth.remove()
        return self.git("rev-parse", "HEAD")

    def _check_out(self) -> None:
        if self.lfs:
            self.git("lfs", "install", "--local")
        self._fetch()
        what = self._what()
        if self.lfs:
            self.git("lfs", "fetch", "origin", what[-1])
        self.git("checkout", "--quiet", "--force", *what)
        if self.submodules in {"TRUE", "RECURSIVE"}:
            self._check_out_submodules(nested=self.submodules == "RECURSIVE")

    def _check_out_submodules(self, *, nested: bool) -> None:
        depth = (f"--depth={self.depth}",) if self.depth else ()
        all_of_them = ("--recursive",) if nested else ()
        with self.auth.in_submodules() as git:
            git("submodule", "sync", *all_of_them)
            git("submodule", "update", "--init", "--force", *depth, *all_of_them)
            git("submodule", "foreach", *all_of_them, "git config --local gc.auto 0")
        if self.persist:
            self.auth.keep_in_submodules(nested=nested)

    def _prepare(self) -> None:
        """Clean what is there from before; all of it goes where it is no checkout of this repository."""
        folder = self.git.folder
        if folder.is_file():
            folder.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        if not (self._is_checkout() and self._cleaned()):
            for each in folder.iterdir():
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()

    def _is_checkout(self) -> bool:
        there = (self.git.folder / ".git").is_dir()
        return there and self.git("config", "remote.origin.url") == self.git.env["STAND_IN_ORIGIN"]

    def _cleaned(self) -> bool:
        """Take away what the checkout before left, but not within submodules; tell whether it is of use."""
        self.git("checkout", "--quiet", "--detach")
        for branch in self.git("for-each-ref", "--format=%(refname:short)", _HEADS).split():
            self.git("branch", "--quiet", "--delete", "--force", branch)
        if self.git.has_submodules() and not self.git.succeeds("submodule", "status"):
            return False
        return not self.clean or (
            self.git.succeeds("clean", "-ffdx", "--quiet") and self.git.succeeds("reset", "--quiet", "--hard", "HEAD")
        )

    def _fetch(self) -> None:
        everything = ("+refs/heads/*:refs/remotes/origin/*", _ALL_TAGS)
        if self.depth:
            self._fetched(f"--depth={self.depth}", specs=self._specs())
        else:
            shallow = ("--unshallow",) if (self.git.folder / ".git" / "shallow").exists() else ()
            self._fetched(*shallow, specs=(*everything, *(self._specs() if self.ref.startswith(_PULL) else ())))
            if not self._is_there():
                self._fetched(specs=self._specs())
        if not self._is_there():
            raise Failed(f"{_MOVED.format(self.ref, self.commit)} triggered.")

    def _fetched(self, *options: str, specs: tuple[str, ...]) -> None:
        self.git("fetch", "--quiet", "--no-tags", "--prune", "--no-recurse-submodules", *options, "origin", *specs)

    def _specs(self) -> tuple[str, ...]:
        name = self.ref.partition("/")[2].partition("/")[2]
        source = self.commit or self.ref
        if self.ref.startswith(_HEADS):
            return (f"+{source}:refs/remotes/origin/{name}",)
        if self.ref.startswith(_PULL):
            return (f"+{source}:refs/remotes/pull/{name}",)
        if self.ref.startswith(_TAGS):
            return (f"+{self.ref}:{self.ref}",)
        if self.commit:
            return (self.commit,)
        if self.ref.startswith("refs/"):
            return (f"+{self.ref}:{self.ref}",)
        return (f"+{_HEADS}{self.ref}*:refs/remotes/origin/{self.ref}*", f"+{_TAGS}{self.ref}*:{_TAGS}{self.ref}*")

    def _is_there(self) -> bool:
        """Tell whether the ref is at the commit; a pull request's is, since it was fetched by the commit."""
        if not self.commit:
            return True
        if self.ref.startswith(_HEADS):
            return self._at(f"refs/remotes/origin/{self.ref.removeprefix(_HEADS)}")
        return self._at(self.ref) if self.ref.startswith(_TAGS) else bool(self.ref) or self._at(self.commit)

    def _at(self, ref: str) -> bool:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") == self.commit.lower()
        except Failed:
            return False

    def _what(self) -> tuple[str, ...]:
        if not self.ref:
            return (self.commit,)
        if self.ref.startswith(_PULL):
            return (f"refs/remotes/pull/{self.ref.removeprefix(_PULL)}",)
        if self.ref.startswith("refs/") and not self.ref.startswith(_HEADS):
            return (self.ref if self.ref.startswith(_TAGS) else self.commit or self.ref,)
        branch = self.ref.removeprefix(_HEADS)
        if self.git("branch", "--list", "--remote", f"origin/{branch}"):
            return ("-B", branch, f"refs/remotes/origin/{branch}")
        if self.git("tag", "--list", branch):
            return (f"{_TAGS}{branch}",)
        raise Failed(f"A branch or tag with the name '{branch}' could not be found")


def refuse_forks(ref: str, commit: str, env: Mapping[str, str]) -> None:
    """Refuse code of a fork's pull request in a run that has the platform's token. Raises `Failed`."""
    if env.get("GITHUB_EVENT_NAME") not in {"pull_request_target", "workflow_run"}:
        return
    event: dict[str, Any] = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_bytes())
    pull = event.get("pull_request") or {}
    run = event.get("workflow_run") or {}
    head = (pull.get("head") or {}).get("repo") or run.get("head_repository") or {}
    ours = (event.get("repository") or {}).get("id")
    if not isinstance(ours, int) or not isinstance(head.get("id"), int) or head["id"] == ours:
        return
    of_fork = {(pull.get("head") or {}).get("sha"), pull.get("merge_commit_sha"), run.get("head_sha")} - {None}
    if re.fullmatch(r"refs/pull/[0-9]+/(?:head|merge)", ref) or commit.lower() in of_fork:
        raise Failed(_FORK.format(env["GITHUB_EVENT_NAME"]))


def main(env: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Check out what the inputs ask for; return the exit code."""
    say("This is a stand-in for actions/checkout.")
    try:
        asked = Checkout.read(env)
        commit = asked.do()
    except Failed as error:
        say(f"::error::{str(error).replace('%', '%25').replace(chr(10), '%0A')}")
        return 1
    with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"ref={asked.ref}\ncommit={commit}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(os.environ, print))
