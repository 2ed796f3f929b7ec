"""The stand-ins do what the real actions do: every row of the contract to which e2e.yml holds the real ones."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e import platform_copy
from tests.e2e.action_contract import git_server, repository
from tests.e2e.action_contract.checkouts import CHECKOUTS
from tests.e2e.action_contract.checkouts_of_parts import CHECKOUTS_OF_PARTS
from tests.e2e.action_contract.machine import Differs, Machine
from tests.e2e.action_contract.rows import ROWS
from tests.e2e.action_contract.steps import CHECKOUT, DOWNLOAD, UPLOAD, Finds, Row, Runs, Use, download, upload
from tests.tools import git_lfs
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROGRAM = re.compile(r'python3 -I "\$GITHUB_ACTION_PATH/(\w+)\.py"')
_INPUT = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")
_TOKEN = "${{ github.token }}"


def variables(folder: Path) -> dict[str, str]:
    """Return what a run has, and where the stand-ins find artifacts and the repository."""
    (folder / "artifacts").mkdir(exist_ok=True)
    return {
        "PATH": git_lfs.on_path(), "HOME": str(folder),
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "1",
        "GITHUB_REPOSITORY": repository.NAME, "GITHUB_EVENT_NAME": "push",
        "STAND_IN_ARTIFACTS": str(folder / "artifacts"), "STAND_IN_CACHES": str(folder / "caches"),
        "GITHUB_REF": "refs/heads/main",
    }  # fmt: skip


def at(server: str) -> dict[str, str]:
    """Return what says that the repositories are at `server`."""
    return {"GITHUB_SERVER_URL": server, "STAND_IN_ORIGIN": f"{server}/{repository.NAME}"}


@dataclass(frozen=True)
class Host:
    """The host of the rows' repositories: its address, the folder that it serves, and the commits by their names."""

    url: str
    folder: Path
    commits: Mapping[str, str]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host")
    with git_server.running(folder) as server:
        yield Host(server.url, folder, repository.make(folder))


def use(name: str, inputs: Mapping[str, str], env: Mapping[str, str]) -> tuple[int, str]:
    """Use a stand-in as a runner does; one that is a program runs in this process."""
    folder = platform_copy.STAND_INS / name
    action = yaml.safe_load((folder / "action.yml").read_text())
    given = {each: str(about.get("default", "")).replace(_TOKEN, "token") for each, about in action["inputs"].items()}
    assert set(inputs) <= set(given), f"{name} knows nothing of {set(inputs) - set(given)}"
    given.update(inputs)
    (step,) = action["runs"]["steps"]
    if found := _PROGRAM.fullmatch(step["run"]):
        log: list[str] = []
        return program(folder / f"{found[1]}.py").main({**env, "INPUTS": json.dumps(given)}, log.append), "\n".join(log)
    own = {key: _INPUT.sub(lambda match: given[match[1]], text) for key, text in step["env"].items()}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], env={**env, **own}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@functools.cache
def program(path: Path) -> Any:  # noqa: ANN401  a module
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)  # where a dataclass looks for its module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.steps[0].action}: {row.fact}" for row in ROWS])  # type: ignore[union-attr]
def test_a_stand_in_does_what_the_real_one_does(row: Row, host: Host, tmp_path: Path) -> None:
    run = {**variables(tmp_path), **(at(host.url) if row in (*CHECKOUTS, *CHECKOUTS_OF_PARTS) else {})}
    if not shutil.which(row.needs, path=run["PATH"]):
        pytest.skip(f"{row.needs} is not on this machine")
    Machine(tmp_path / "row", use, run, "a-row", dict(host.commits)).do(row)


def test_the_repositories_may_be_in_a_folder_as_they_are_under_the_runner(host: Host, tmp_path: Path) -> None:
    folder = f"file://{host.folder}"
    place = {
        **at("https://127.0.0.1"),
        "STAND_IN_ORIGIN": f"{folder}/{repository.NAME}.git",
        "STAND_IN_SERVER": f"{folder}/",
    }
    modules = {"submodules": "recursive", "persist-credentials": "false"}
    row = Row(
        "files",
        (
            Use(CHECKOUT, {"ref": "s1", **modules}),
            Finds(
                "library", ("file", ".gitignore", ".git", ".gitmodules", "part/file", "part/.gitignore", "part/.git")
            ),
            Use(CHECKOUT, {"ref": "s2", **modules}),
            Runs("cat private/file", "^p1$"),
            Use(CHECKOUT, {"ref": "s5", "lfs": "true"}),
            Runs("cat large.bin", f"^{repository.LARGE.strip()}$"),
        ),
    )
    Machine(tmp_path / "row", use, {**variables(tmp_path), **place}, "a-row", dict(host.commits)).do(row)


def test_jobs_that_upload_at_the_same_time_get_an_id_each(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    numbered = program(platform_copy.STAND_INS / UPLOAD / "upload.py").numbered
    names = [f"candidate-{each}" for each in range(200)]
    with ThreadPoolExecutor(8) as jobs:
        ids = list(jobs.map(lambda name: numbered(name, tmp_path / "artifacts"), names))
    assert sorted(ids) == list(range(1001, 1201))


@pytest.mark.parametrize(
    "steps",
    [
        (upload("a"), Finds("a", ("two.json",))),
        (upload("a", fails="No files"),),
        (upload("a", says="nothing of the kind"),),
        (upload("none", if_no_files_found="error"),),
        (Runs("echo one", "^two$"),),
    ],
    ids=["files", "a failure", "words", "an end", "a command"],
)
def test_a_row_that_is_not_so_is_seen(tmp_path: Path, steps: tuple[Any, ...]) -> None:
    machine = Machine(tmp_path / "row", use, variables(tmp_path), "a-row")
    with pytest.raises(Differs):
        machine.do(Row("not so", steps, ("a/one.json",)))


def test_a_pattern_that_only_the_real_one_understands_is_refused(tmp_path: Path) -> None:
    row = Row("braces", (upload("a"), download(pattern="{a,b}*", fails="this stand-in does not know")), ("a/one.json",))
    Machine(tmp_path / "row", use, variables(tmp_path), "a-row").do(row)


def test_every_action_of_the_contract_is_one_that_has_a_stand_in() -> None:
    used = {step.action.partition("/")[0] for row in ROWS for step in row.steps if hasattr(step, "action")}
    assert used == {each.name for each in platform_copy.STAND_INS.iterdir() if each.is_dir()}
    assert {UPLOAD, DOWNLOAD} < used


def test_the_contract_is_held_against_the_commits_that_the_workflows_pin() -> None:
    folder = ROOT / ".github" / "workflows"
    steps = yaml.safe_load((folder / "e2e.yml").read_text())["jobs"]["actions"]["steps"]
    given = [step["with"] for step in steps if "repository" in step.get("with", {})]
    held = {f"{each['repository']}@{each['ref']}" for each in given}
    pins = [pin for file in folder.glob("*.yml") for pin in platform_copy.GITHUBS_OWN.finditer(file.read_text())]
    have = {each.name for each in platform_copy.STAND_INS.iterdir()}
    assert held == {f"actions/{pin['name']}@{pin['commit']}" for pin in pins if pin["name"] in have}
    assert all(each["path"] == f".{each['repository']}" for each in given)
