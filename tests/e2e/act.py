"""A workflow runner on this machine: `act` runs a workflow of an app's repository, in a process of its own.

act gives every job a workspace and a RUNNER_TEMP of its own, both empty at first, as GitHub does.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.shared import process
from tests.tools import git_lfs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.events import Event

PATIENCE = 180
# Who starts every run.
ACTOR = "octocat"
# What act says of itself before and after the work.
_LAST_LINES = 30
_ERROR = re.compile(r"error\[|::error|❗|❌|fatal error|panic:")
_NOISE = re.compile(r"(⭐ Run|✅  Success -) (Pre|Post) |LocalRepositoryCache|docker connection")


class Results(dict[str, str]):
    """Results by job. One that a test asks for in vain has a result too, so that the test shows how the run ended."""

    def __missing__(self, job: str) -> str:
        return "did not run"


@dataclass(frozen=True)
class Ended:
    """A workflow run that ended: act's exit `code`, what it logged, and the `artifacts` it left."""

    code: int
    log: tuple[Mapping[str, Any], ...]
    artifacts: Path
    seconds: float

    @property
    def jobs(self) -> Results:
        """The result of every job that ran, `success` or `failure`, by its id; a job that was skipped is not there."""
        return Results(
            (line["jobID"], line["jobResult"]) for line in self.log if "jobResult" in line and "jobID" in line
        )

    @property
    def steps(self) -> dict[str, str]:
        """The result of every step that ran, by the names of its job and itself: `push / ecr-push`."""
        ended = [line for line in self.log if "stepResult" in line and line.get("stage") == "Main"]
        return {f"{line['jobID']} / {line['step']}": line["stepResult"] for line in ended}

    def outputs(self, job: str) -> dict[str, str]:
        """Return the outputs that the steps of `job` set, by name; of two of one name, the last one."""
        return {
            line["name"]: line["arg"]
            for line in self.log
            if line.get("command") == "set-output" and line["jobID"] == job
        }

    @property
    def summary(self) -> str:
        """Everything that the steps wrote into job summaries, in order."""
        return "".join(line["content"] for line in self.log if line.get("command") == "summary")

    @property
    def annotations(self) -> list[tuple[str, str, str]]:
        """Level, place (`file:line`) and message of each annotation that has a place, in order."""
        made = [line for line in self.log if line.get("command") in {"error", "warning", "notice"}]
        placed = [(line["command"], line.get("kvPairs") or {}, line.get("arg", "")) for line in made]
        return [(level, f"{at['file']}:{at.get('line', '')}", text) for level, at, text in placed if "file" in at]

    @property
    def text(self) -> str:
        """The log, for people."""
        lines = (f"[{line.get('jobID', 'act')}] {line.get('msg', '').rstrip()}" for line in self.log)
        return "\n".join(line for line in lines if not _NOISE.search(line))

    @property
    def story(self) -> str:
        """What a failed test needs to show: how the run and its jobs ended, every error, and the log's last lines."""
        lines = self.text.splitlines()
        errors = [line for line in lines if _ERROR.search(line)]
        return "\n".join((f"act ended with {self.code}, its jobs: {self.jobs}", *errors, "…", *lines[-_LAST_LINES:]))

    def artifact(self, name: str, file: str) -> Any:  # noqa: ANN401  any JSON
        """Return what the JSON document `file` of artifact `name` holds."""
        return json.loads((self.artifacts / name / file).read_bytes())


@dataclass(frozen=True)
class Act:
    """The program, the repositories that it finds on this machine, and the environment of every step.

    `settings` are what GitHub calls the repository's variables. Submodules of an app are found where the variable
    STAND_IN_SERVER says, below `owner/name.git`.
    """

    program: Path
    repositories: Mapping[str, Path]
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, app: Path, event: Event, workflow: str, folder: Path) -> Ended:
        """Run `workflow` of the repository at `app` for `event`, with everything it leaves in the new `folder`."""
        text = (app / workflow).read_text()
        assert text.count("strategy:") == text.count("max-parallel: 1"), "use platform_copy.one_at_a_time"
        arranged = arrange(app, event, folder, self.secrets)
        words = [word for option in self._options(arranged) for word in option]
        done = process.run(
            self.program, event.name, "--directory", app, "--workflows", app / workflow, "--json", *words,
            timeout=PATIENCE, cwd=folder, environment=_of_the_runner(folder), accept=range(256),
        )  # fmt: skip
        log = tuple(_parsed(line) for line in (done.stdout + done.stderr).decode("utf-8", "replace").splitlines())
        return Ended(done.code, log, folder / "artifacts", done.seconds)

    def _options(self, run: Mapping[str, Path]) -> list[tuple[str, ...]]:
        stand_ins = {"STAND_IN_ORIGIN": f"file://{run['origin']}", "STAND_IN_ARTIFACTS": str(run["artifacts"])}
        # act now and then loses the last words of a step that ends at once: no shell does.
        stand_ins["BASH_ENV"] = str(run["lingering"])
        return [
            ("--platform", "ubuntu-latest=-self-hosted"),
            # act 0.2.89 ends with "concurrent map writes" when two jobs of a called workflow begin at once.
            ("--no-skip-checkout", "--no-cache-server", "--rm", "--concurrent-jobs=1"),
            ("--artifact-server-addr", "127.0.0.1"),
            ("--actor", ACTOR),
            ("--action-cache-path", str(run["cache"])),
            ("--eventpath", str(run["event"])),
            ("--secret-file", str(run["secrets"])),
            *(("--local-repository", f"{name}={folder}") for name, folder in self.repositories.items()),
            *(("--var", f"{name}={value}") for name, value in self.settings.items()),
            *(("--env", f"{name}={value}") for name, value in {**self.variables, **stand_ins}.items()),
        ]


def arrange(app: Path, event: Event, folder: Path, secrets: Mapping[str, str]) -> dict[str, Path]:
    """Make everything that a run needs below `folder` and return it by name."""
    places = {name: folder / name for name in ("origin", "artifacts", "cache", "home", "event", "secrets", "lingering")}
    for name in ("artifacts", "cache", "home"):
        places[name].mkdir(parents=True)
    process.run("git", "clone", "--quiet", "--mirror", app, places["origin"], timeout=60)
    # Each job fetches from there: packing closely would take longer than all that the job is about.
    for setting in ("pack.window=0", "pack.compression=0"):
        process.run("git", "-C", places["origin"], "config", *setting.split("="), timeout=60)
    if (large := app / ".git" / "lfs").is_dir():  # what `git push` would hand over
        shutil.copytree(large, places["origin"] / "lfs")
    # The step's own shell alone: the programs below it are often shells too.
    places["lingering"].write_text("unset BASH_ENV\ntrap 'sleep 0.05' EXIT\n")
    places["event"].write_text(json.dumps(event.payload))
    # A value in quotes may have several lines.
    quoted = {name: json.dumps(value) if "\n" in value else value for name, value in secrets.items()}
    places["secrets"].write_text("".join(f"{name}={value}\n" for name, value in quoted.items()))
    return places


def _of_the_runner(folder: Path) -> dict[str, str]:
    """Return the variables of act itself: its steps start `python3` itself, not a shim that looks for it each time."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(_python())
    return {"HOME": str(folder / "home"), "PATH": f"{programs}{os.pathsep}{git_lfs.on_path()}"}


@functools.cache
def _python() -> str:
    return process.run("python3", "-I", "-c", "import sys; print(sys.executable)", timeout=30).stdout.decode().strip()


def _parsed(line: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(line)
    except ValueError:
        return {"msg": line}
    return parsed if isinstance(parsed, dict) else {"msg": line}
