"""Do the steps of a row on a machine with the actions, real or not, and tell what is not as the row says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests import step_outputs
from tests.e2e.action_contract.steps import UPLOAD, Finds, Row, Runs, Use

# Uses an action with inputs and variables: its exit code and its log.
Action = Callable[[str, Mapping[str, str], Mapping[str, str]], tuple[int, str]]
_PLACE = re.compile(r"<(row|\d+|[clnps]\d|f1|merge)>")
SECONDS = 300


class Differs(Exception):
    """Something is not as a row says."""


@dataclass
class Machine:
    """Where one row is done: a new folder, the actions, and the variables that they have beside those of the run.

    `known` are the values of places in texts; the commits of the repositories have to be among them for a checkout.
    """

    folder: Path
    use: Action
    variables: Mapping[str, str]
    named: str
    known: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def do(self, row: Row) -> None:
        """Do the steps of `row`. Raises `Differs`."""
        self.known["row"] = self.named
        for name in ("work", "temp"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "event.json").write_text("{}", encoding="utf-8")
        if row.only:
            self.path = self._having(row.only)
        for name in row.files:
            make(self.folder / "work", name)
        (self.folder / "event.json").write_text(self._filled(row.event), encoding="utf-8")
        run = {name: self._filled(text) for name, text in row.run.items()}
        for step in row.steps:
            self._do(step, {**self._variables(), **run})

    def _having(self, programs: tuple[str, ...]) -> str:
        """Return a folder that has these programs and no others."""
        folder = self.folder / "bin"
        folder.mkdir()
        for name in programs:
            (folder / name).symlink_to(str(shutil.which(name)))
        return str(folder)

    def _do(self, step: Use | Finds | Runs, env: Mapping[str, str]) -> None:
        if isinstance(step, Use):
            self._used(step, env)
        elif isinstance(step, Finds):
            folder = self.folder / "work" / step.folder
            there = {name for name in below(folder) if not name.startswith(".git/")}
            wanted = set(map(self._filled, step.files))
            if not (wanted <= there if step.among else wanted == there):
                raise Differs(f"{step.folder} holds {sorted(there)}, not {sorted(wanted)}")
        else:
            done = subprocess.run(
                ["bash", "-c", step.command], cwd=self.folder / "work", env=env, capture_output=True, text=True,
                check=False, timeout=SECONDS,
            )  # fmt: skip
            printed = (done.stdout + done.stderr).strip()
            if not re.search(self._filled(step.says), printed):
                raise Differs(f"{step.command} printed {printed!r}, not {self._filled(step.says)!r}")

    def _used(self, step: Use, env: Mapping[str, str]) -> None:
        output, path = self.folder / "output", self.folder / "path"
        for file in (output, path):
            file.write_text("", encoding="utf-8")
        code, log = self.use(step.action, {name: self._filled(text) for name, text in step.inputs.items()}, env)
        readable = log.replace("%0A", "\n").replace("%25", "%")
        if (code != 0) != bool(step.fails):
            raise Differs(f"{step} ended with {code}:\n{readable}")
        for text in filter(None, (step.fails, step.says)):
            if self._filled(text) not in readable:
                raise Differs(f"{step} does not say {self._filled(text)!r}:\n{readable}")
        self.path = os.pathsep.join([*path.read_text(encoding="utf-8").split(), env["PATH"]])
        made = step_outputs.read(output)
        for name, pattern in step.outputs.items():
            if not re.fullmatch(self._filled(pattern), made.get(name, "")):
                raise Differs(f"the output {name} is {made.get(name, '')!r}, not {self._filled(pattern)!r}")
        if step.action == UPLOAD and "artifact-id" in made:
            self.known[str(1 + sum(map(str.isdigit, self.known)))] = made["artifact-id"]

    def _variables(self) -> dict[str, str]:
        files = {name: str(self.folder / name.partition("_")[2].lower()) for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        for name in ("GITHUB_ENV", "GITHUB_STATE"):
            files[name] = str(self.folder / name.lower())
            Path(files[name]).touch()
        folders = {
            "GITHUB_WORKSPACE": str(self.folder / "work"),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "PATH": self.path or self.variables["PATH"],
        }
        return {**self.variables, **files, **folders, "SERVER": self.variables["GITHUB_SERVER_URL"]}

    def _filled(self, text: str) -> str:
        return _PLACE.sub(lambda found: self.known[found[1]], text)


def make(folder: Path, text: str) -> None:
    """Make what `text` says below `folder`: a folder (`x/`), a program (`x*`), a link (`x -> y`) or a file."""
    name, _, target = text.partition(" -> ")
    place = folder / name.rstrip("*")
    place.parent.mkdir(parents=True, exist_ok=True)
    if target:
        place.symlink_to(target)
    elif name.endswith("/"):
        place.mkdir(exist_ok=True)
    else:
        place.write_text(place.name, encoding="utf-8")
        place.chmod(0o755 if name.endswith("*") else 0o644)


def below(folder: Path) -> set[str]:
    """Return the files below `folder`."""
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() or file.is_symlink()}
