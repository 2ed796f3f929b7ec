"""The only module that reads the env variables, and that knows the protocol of GitHub's workflow runner.

Source of the protocol facts: GitHub's "Workflow commands for GitHub Actions" and "Variables reference".
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath.shared import masks, protection
from goldenpath.shared.errors import BadInput
from goldenpath.shared.workflow_run import WorkflowRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a program we start may know of our environment: where to find things and how to reach the network.
# Never a credential, and nothing that configures a scanner (TRIVY_*, GITLEAKS_*, SYFT_*).
SHOWN = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip

# What leads to programs, providers or a database that a machine kept. A runner may have such a variable from its
# `.env`.
_OF_THE_MACHINE = frozenset({
    "GOLDENPATH_CACHE", "GOLDENPATH_TRIVY_CACHE", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_REATTACH_PROVIDERS",
})  # fmt: skip

# A runner keeps ten annotations of a level in a step, the first ones, and counts a composite action as one step
# (actions/runner, ExecutionContext). The last is left for the error that ends the step, which says what to do.
ANNOTATED_AT_MOST = 10 - 1


def trusts_machine() -> bool:
    """Tell whether what this machine kept may be believed: its programs, databases, and the settings of its user.

    At a terminal they are the user's own. In a workflow run they may be what the code of an earlier job left, so a run
    has a folder of its own for all of that (docs/adr/0017-what-a-runner-may-have-kept.md).
    """
    return not (in_actions() and os.environ.get("RUNNER_TEMP"))


def clean_environment() -> dict[str, str]:
    """Return the part of our environment that another program may see."""
    kept = {name: os.environ[name] for name in SHOWN if name in os.environ}
    return kept if trusts_machine() else {**kept, "GIT_CONFIG_GLOBAL": os.devnull}


def variables() -> Mapping[str, str]:
    """Return the environment, to be parsed once into typed values by the caller.

    In a workflow run the variables that lead to what the machine kept are left out.
    """
    if trusts_machine():
        return os.environ
    return {name: text for name, text in os.environ.items() if name not in _OF_THE_MACHINE}


@contextmanager
def adopted(more: Mapping[str, str]) -> Iterator[None]:
    """Have `more` in the environment while the block lasts, for this process and the SDKs in it."""
    before = {name: os.environ[name] for name in more if name in os.environ}
    os.environ.update(more)
    try:
        yield
    finally:
        for name in more:
            os.environ.pop(name, None)
        os.environ.update(before)


def in_actions() -> bool:
    """Tell whether this process is a step of a workflow run."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def cache_dir() -> Path:
    """Return the project's own cache folder: `GOLDENPATH_CACHE`, else `goldenpath` under the user's cache folder.

    In a workflow run it is a folder of that job, unless `GOLDENPATH_CACHE` is one that this user cannot write to, like
    that of our image. `bin/environment` has the same rule. Raises `FolderUntrusted`.
    """
    chosen = os.environ.get("GOLDENPATH_CACHE")
    if not trusts_machine():
        if chosen and protection.out_of_reach(Path(chosen).absolute()):
            return Path(chosen).absolute()
        return job_folder()
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "goldenpath"


def job_folder() -> Path:
    """Return the folder in which a job of a workflow run keeps its programs. Raises `FolderUntrusted`."""
    return protection.private_folder(Path(os.environ["RUNNER_TEMP"]) / "goldenpath-cache")


def trivy_cache_dir() -> Path:
    """Return where trivy keeps its database: `GOLDENPATH_TRIVY_CACHE`, else in the project's cache folder.

    In a workflow run it is always below the folder of that job.
    """
    chosen = variables().get("GOLDENPATH_TRIVY_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return (cache_dir() if trusts_machine() else job_folder()) / "trivy"


@dataclass(frozen=True)
class Runner:
    """The GitHub runner this process is on, as far as it is on one; every path may be absent.

    `event` is the webhook payload of the run (GitHub: `GITHUB_EVENT_PATH`), an empty mapping outside of a run.
    `annotated` counts the annotations of each level that this process wrote.
    """

    in_actions: bool = False
    event_name: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    repository: str = ""
    sha: str = ""
    ref: str = ""
    base_ref: str = ""
    ref_protected: bool = False
    run_id: str = ""
    run_attempt: str = ""
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    workspace: Path | None = None
    temp: Path | None = None
    output_file: Path | None = None
    summary_file: Path | None = None
    annotated: Counter[str] = field(default_factory=Counter, compare=False)

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Runner:
        """Read the runner's variables from `env`. Raises `BadInput` when the event file cannot be read."""
        if env.get("GITHUB_ACTIONS") != "true":
            return cls(
                server_url=env.get("GITHUB_SERVER_URL") or cls.server_url,
                api_url=env.get("GITHUB_API_URL") or cls.api_url,
            )
        return cls(
            in_actions=True,
            event_name=env.get("GITHUB_EVENT_NAME", ""),
            event=_read_event(env.get("GITHUB_EVENT_PATH", "")),
            repository=env.get("GITHUB_REPOSITORY", ""),
            sha=env.get("GITHUB_SHA", ""),
            ref=env.get("GITHUB_REF", ""),
            base_ref=env.get("GITHUB_BASE_REF", ""),
            ref_protected=env.get("GITHUB_REF_PROTECTED") == "true",
            run_id=env.get("GITHUB_RUN_ID", ""),
            run_attempt=env.get("GITHUB_RUN_ATTEMPT", ""),
            server_url=env.get("GITHUB_SERVER_URL") or cls.server_url,
            api_url=env.get("GITHUB_API_URL") or cls.api_url,
            workspace=_path(env.get("GITHUB_WORKSPACE")),
            temp=_path(env.get("RUNNER_TEMP")),
            output_file=_path(env.get("GITHUB_OUTPUT")),
            summary_file=_path(env.get("GITHUB_STEP_SUMMARY")),
        )

    @property
    def workflow_run(self) -> WorkflowRun | None:
        """The workflow run of this process, for the records that it writes; `None` outside of one."""
        if not self.in_actions:
            return None
        # No delivery fails because a runner of another kind numbers its runs in another way.
        with suppress(ValueError):
            return WorkflowRun(self.server_url, self.repository, int(self.run_id), int(self.run_attempt or "1"))
        return None

    @property
    def run_page(self) -> str:
        """The address of the page of this run, of whichever attempt; empty outside of one."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}" if self.run_id else ""

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Write step outputs in the multi-line form, each behind a random delimiter that its value cannot hold."""
        if self.output_file is None:
            return
        with self.output_file.open("a", encoding="utf-8") as file:
            for name, value in outputs.items():
                mark = f"goldenpath_{secrets.token_hex(16)}"
                file.write(f"{name}<<{mark}\n{value}\n{mark}\n")

    def append_summary(self, markdown: str) -> None:
        """Append `markdown` to the job summary, where there is one."""
        if self.summary_file is None:
            return
        with self.summary_file.open("a", encoding="utf-8") as file:
            file.write(markdown + "\n")

    def mask(self, secret: str) -> None:
        """Ask the runner to hide `secret`, line by line, in all that follows in the log."""
        masks.hide(secret)
        if self.in_actions:
            for line in filter(None, secret.splitlines()):
                tell(command("add-mask", line))

    def annotate(self, level: str, message: str, *, title: str = "", file: str = "", line: int = 0) -> None:
        """Annotate the run; `level` is `notice`, `warning` or `error`. What GitHub would not show is left out."""
        if self.in_actions and self.annotated[level] < ANNOTATED_AT_MOST:
            self.annotated[level] += 1
            place = {"title": title, "file": file, "line": str(line) if line else ""}
            tell(command(level, message, {name: value for name, value in place.items() if value}))


def command(name: str, message: str, properties: Mapping[str, str] | None = None) -> str:
    """Return the line by which a runner takes the workflow command `name`."""
    listed = ",".join(f"{key}={_escape_property(value)}" for key, value in (properties or {}).items())
    return f"::{name}{' ' + listed if listed else ''}::{_escape(message)}"


def tell(line: str) -> None:
    """Write a line to the log. A log that nobody reads any more must not stop a release, least of all its undo."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:
        # What is in the buffer would fail again at exit, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def default_work_dir(env: Mapping[str, str]) -> Path:
    """Return the folder that the stages hand files over in, when none was named; it is made where it is missing.

    Raises `FolderUntrusted` when somebody else made it, or may write to it.
    """
    if base := env.get("RUNNER_TEMP"):
        # Another action may have made it, with the permissions that this runner gives to all of its files.
        return protection.private_folder(Path(base) / "goldenpath", closed_to=stat.S_IWOTH)
    return protection.private_folder(Path(tempfile.gettempdir()) / f"goldenpath-{os.getuid()}")


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _read_event(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        event = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(
            "The event of this workflow run cannot be read",
            why=f"{path}: {error}",
            fix="Run the job again; if it persists, check what changed GITHUB_EVENT_PATH",
        ) from error
    return event if isinstance(event, dict) else {}


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
