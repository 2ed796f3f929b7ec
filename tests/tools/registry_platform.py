"""The platform's repository at its host, GitHub's double beside it, and runs of the registry workflows' commands."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import json
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner
from tests.doubles.github.api import GitHubDouble
from tests.doubles.github.shapes import Place
from tests.terraform_provider import world as worlds

from goldenpath.cli import goldenpath
from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer
from goldenpath.local.serving import ServerThread, origin, wsgi_server
from goldenpath.shared import process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doubles.github.threads import Thread
    from tests.terraform_provider.world import World

SLUG, BASE = "octo/platform", "development"
LOCK = "envs/dev/.terraform.lock.hcl"
NO_HOOKS = "--template="  # git's samples of hooks are more files than some repositories have
WORKFLOWS = {"propose": "create-ecr-registry", "retire": "retire-ecr-registry"}
ASKED = {"environment": "dev", "name": "my-app", "owner": "team-web", "requester": "octocat", "domain": "shop",
         "risk": "low"}  # fmt: skip
_WHO = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "dev"), ("EMAIL", "dev@example.com"))}  # fmt: skip


def git(folder: Path, *words: str) -> str:
    return process.run("git", "-C", folder, *words, timeout=60, environment=_WHO).stdout.decode().strip()


@dataclass
class Platform:
    """`origin` is the repository as its host has it, `trusted` the revision of it whose code an apply runs.

    `actor` starts workflows, and `again` is who runs one again.
    """

    world: World
    github: GitHubDouble
    api_url: str
    folder: Path
    actor: str = "octocat"
    trusted: str = f"origin/{BASE}"
    again: str = ""
    more: dict[str, str] = field(default_factory=dict)
    _runs: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(47))

    @property
    def outputs(self) -> Path:
        """The outputs that the newest run set, as it wrote them."""
        return self.folder / "outputs"

    @property
    def origin(self) -> Path:
        return self.folder / "origin"

    def clone(self, revision: str = f"origin/{BASE}") -> Path:
        """Return a new checkout, as a job has one."""
        folder = self.folder / f"run-{next(self._runs)}"
        process.run("git", "clone", "--quiet", NO_HOOKS, self.origin, folder, timeout=60)
        git(folder, "checkout", "--quiet", "--detach", revision)
        return folder

    def run(self, checkout: Path, command: str, event: dict[str, Any] | None = None, /, **options: Any) -> str:  # noqa: ANN401
        """Run a command as a workflow does; raise what it raises."""
        payload, outputs = self.folder / "event.json", self.outputs
        payload.write_text(json.dumps(event or {}))
        outputs.write_text("")
        number = self._started(command)
        variables = {
            **self.world.variables, "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": SLUG, "GITHUB_ACTOR": self.actor,
            "GITHUB_EVENT_NAME": "push" if event else "workflow_dispatch",
            "GITHUB_API_URL": self.api_url, "GITHUB_TOKEN": self.github.token, "GITHUB_EVENT_PATH": str(payload),
            "GITHUB_RUN_ID": str(number), "GITHUB_RUN_ATTEMPT": "2" if self.again else "1",
            "GITHUB_TRIGGERING_ACTOR": self.again or self.actor, "GITHUB_OUTPUT": str(outputs),
            "RUNNER_TEMP": f"{checkout}-temp", "GOLDENPATH_STATE_BUCKET": worlds.BUCKET,
            "GOLDENPATH_APPS_TOKEN": self.github.token, **self.more,
        }  # fmt: skip
        words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        done = CliRunner(env=variables).invoke(
            goldenpath, ["registry", command, f"--checkout={checkout}", *words], standalone_mode=False
        )
        if done.exception:
            raise done.exception
        if seal := re.search(r"proposal-\d+-\w+-\w+", outputs.read_text()):
            self.github.runs.keep(SLUG, number, seal[0])
        return done.output

    def _started(self, command: str) -> int:
        """Tell GitHub of a run of the workflow that runs `command`; return its number."""
        number, workflow = next(self._numbers), f".github/workflows/{WORKFLOWS.get(command, command)}.yml"
        self.github.runs.start(SLUG, number, workflow, self.actor, BASE)
        if self.again:
            self.github.runs.again(SLUG, number, self.again)
        return number

    def open(self, title: str, body: str, head: str, *, author: str = "") -> None:
        """Open a pull request without the wizard, as a workflow's bot or as `author`, with the label."""
        request = {"title": title, "body": body, "head": head, "base": BASE, "labels": ["ecr-registry"]}
        self.github.threads.create_pull(Place("", *SLUG.split("/")), request)
        self.threads[-1].author = author

    def approve(self, number: int, login: str = "second") -> None:
        """Have `login` approve the pull request `number` as it is."""
        thread = next(other for other in self.threads if other.number == number)
        self.github.threads.push(SLUG, number, git(self.origin, "rev-parse", thread.head))
        self.github.threads.review(SLUG, number, login)

    def propose(self, **changes: str) -> str:
        return self.run(self.clone(), "propose", **{**ASKED, **changes})

    @property
    def threads(self) -> list[Thread]:
        return self.github.threads.of(SLUG)

    def merge(
        self, number: int, *, squash: bool = False, rebase: bool = False, approved: bool = True
    ) -> dict[str, Any]:
        """Merge the pull request `number`, which a second person `approved`, and return what GitHub says of it then."""
        thread = next(other for other in self.threads if other.number == number)
        if approved:
            self.approve(number)
        checkout = self.clone()
        head, base = (git(checkout, "rev-parse", f"origin/{name}") for name in (thread.head, BASE))
        if rebase:
            # GitHub writes each commit anew, even where it could have been left as it is.
            git(checkout, "checkout", "--quiet", "--detach", head)
            git(checkout, "rebase", "--quiet", "--force-rebase", "--keep-empty", f"origin/{BASE}")
        else:
            way = ("--squash",) if squash else ("--no-ff", "--message=Merge")
            git(checkout, "merge", "--quiet", *way, head)
        if squash:
            git(checkout, "commit", "--quiet", "--allow-empty", "--message=Squashed")
        commit = git(checkout, "rev-parse", "HEAD")
        git(checkout, "push", "--quiet", "origin", f"HEAD:{BASE}")
        self.github.threads.push(SLUG, number, head)
        self.github.threads.merge(SLUG, number, commit)
        return described(thread, commit, counted(checkout, base, head), before=base)

    def apply(self, merge: dict[str, Any], command: str = "apply-merged", **push: Any) -> str:  # noqa: ANN401
        """Run a command for the push that brought the `merge`, with the trusted revision beside it.

        `push` takes the place of what the event says otherwise.
        """
        chosen = {"pull_request": merge["number"]} if command == "apply-merged" else {}
        return self.answer({**self.tell(merge), **push}, command, **chosen)

    def tell(self, merge: dict[str, Any]) -> dict[str, Any]:
        """Have GitHub say of the pull request what `merge` says; return the event of the push that brought it."""
        thread, commit = self.threads[merge["number"] - 1], merge["merge_commit_sha"]
        thread.merge_commit, thread.overrides = commit or "", merge
        return push_event(merge["before"], commit)

    def answer(self, push: dict[str, Any], command: str = "find-merged", **options: Any) -> str:  # noqa: ANN401
        """Run a command for the event `push`, with the trusted revision beside what was pushed."""
        trusted = str(self.clone(self.trusted))
        return self.run(self.clone(push["after"]), command, push, trusted=trusted, **options)

    def found(self) -> list[dict[str, Any]]:
        """Return what the newest `find-merged` lists to be applied."""
        listed: list[dict[str, Any]] = json.loads(self.outputs.read_text().splitlines()[1])
        return listed

    def pushed(self, thread: Thread, commit: str) -> dict[str, Any]:
        """Return what GitHub would say of `thread`, were it merged by `commit`, which was pushed by hand."""
        before = git(self.origin, "rev-parse", f"{commit}^")
        merge = described(thread, commit, counted(self.clone(), before, commit), before=before)
        merge["head"]["sha"] = commit
        return merge

    def commit(self, branch: str, **files: str) -> str:
        """Write `files`, path → text, in a commit on top of `branch` at the host; return the commit."""
        checkout = self.clone(f"origin/{branch}")
        for path, text in files.items():
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout / path).write_text(text)
        git(checkout, "add", "--all", "--force")
        git(checkout, "commit", "--quiet", "--allow-empty", "--message=A change")
        git(checkout, "push", "--quiet", "origin", f"HEAD:{branch}")
        return git(checkout, "rev-parse", "HEAD")

    def made(self, **changes: str) -> dict[str, Any]:
        """Bring a registry into being by the whole path; return what GitHub says of its merge."""
        self.propose(**changes)
        event = self.merge(len(self.threads))
        self.apply(event)
        return event

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file of the base branch by hand."""
        checkout = self.clone()
        text = (checkout / path).read_text()
        assert old in text
        (checkout / path).write_text(text.replace(old, new))
        git(checkout, "commit", "--quiet", "--all", "--message=By hand")
        git(checkout, "push", "--quiet", "origin", f"HEAD:{BASE}")

    def use_provider(self, version: str) -> None:
        """Lock another version of the provider for dev, on the base branch."""
        text = (self.clone() / LOCK).read_text()
        self.commit(BASE, **{LOCK: re.sub(r'(?m)^( +version += )".*"$', rf'\1"{version}"', text)})

    def names(self) -> list[str]:
        found = self.world.client("ecr").describe_repositories()["repositories"]
        return sorted(registry["repositoryName"] for registry in found)


def counted(folder: Path, base: str, head: str) -> dict[str, Any]:
    """Return what GitHub counts of a pull request from `head` into `base`, and the commit that it compares with."""
    base = git(folder, "rev-parse", base)
    changed = git(folder, "diff", "--name-only", "--no-renames", f"{base}...{head}").splitlines()
    commits = git(folder, "rev-list", "--count", f"{base}..{head}")
    return {"base": {"ref": BASE, "sha": base}, "commits": int(commits), "changed_files": len(changed)}


def push_event(before: str, after: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    """Return the event of a push that moves the base branch from `before` to `after`."""
    return {
        "ref": f"refs/heads/{BASE}", "before": before, "after": after, "created": False, "deleted": False,
        "forced": False, "pusher": {"name": "second"}, "repository": {"full_name": SLUG}, **more,
    }  # fmt: skip


def described(thread: Thread, commit: str, counts: dict[str, Any], *, before: str) -> dict[str, Any]:
    """Return what GitHub says of `thread`, merged by `commit`, with where the branch was `before`.

    It is what a test may change: the rest GitHub says as the thread is.
    """
    now = dt.datetime.now(dt.UTC)
    return {
        "number": thread.number, "merged": True, "merge_commit_sha": commit, "before": before,
        "merged_at": f"{thread.merged_at or now:%Y-%m-%dT%H:%M:%SZ}", "created_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "head": {"sha": thread.tip, "repo": {"full_name": SLUG}}, **counts,
    }  # fmt: skip


def caller(registry: str) -> str:
    """Return the workflow by which an app delivers to `registry`."""
    return (
        "on: push\njobs:\n  delivery:\n"
        f"    uses: {SLUG}/.github/workflows/_build-and-release.yml@main\n    with: {{ecr_repository: {registry}}}\n"
    )


def seeded(folder: Path) -> Path:
    """Return a bare repository below `folder` whose base branch holds this repository's Terraform."""
    seed, bare = worlds.checkout(folder / "seed"), folder / "bare"
    git(seed, "init", "--quiet", f"--initial-branch={BASE}")
    git(seed, "add", ".")
    git(seed, "commit", "--quiet", "--message=The platform")
    # In one pack: a test clones it ten times.
    git(seed, "repack", "--quiet", "-a", "-d")
    process.run("git", "clone", "--quiet", "--bare", NO_HOOKS, seed, bare, timeout=60)
    return bare


@functools.cache
def _issuer() -> TokenIssuer:
    """Return the issuer of this process: it remembers nothing, and its key is most of the work of a new platform."""
    return TokenIssuer()


@contextmanager
def running(world: World, seed: Path, folder: Path) -> Iterator[Platform]:
    """Give a platform whose repository at its host is a copy of `seed`."""
    shutil.copytree(seed, folder / "origin")
    github = GitHubDouble(_issuer(), SarifStore())
    github.runs.files["octo/my-app"] = {".github/workflows/delivery.yml": caller("my-app")}
    server = wsgi_server(github)
    serving = ServerThread(server)
    try:
        yield Platform(world, github, origin(server), folder)
    finally:
        serving.stop()
