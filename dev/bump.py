"""Propose newer versions of the pinned programs: the steps of .github/workflows/bump.yml, one for each of its jobs.

    python dev/bump.py pin FOLDER                 find releases that are old enough, check them, write new tables
    python dev/bump.py try PINNED FOLDER          start each new program: the tests, and the findings before and after
    python dev/bump.py propose PINNED TRIALS      open a pull request for each of TOOLS, the output of the first job

Only `try` starts a new program, and only `propose` has a token that can write: docs/adr/0021-versions.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dev.bumps import policy, releases, text
from dev.bumps.github import Api
from dev.bumps.pinning import Pinned, Pinning
from dev.bumps.trial import Trial, Trials

from goldenpath.delivery.model import evidence
from goldenpath.local.demo import demo
from goldenpath.local.engine import engine
from goldenpath.shared import codec, pins, runner
from goldenpath.shared.download import Releases
from goldenpath.shared.errors import BadInput, EvidenceMismatch, GoldenPathError
from goldenpath.shared.runner import Runner, tell
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.shared.pins import Tool

ROOT = Path(__file__).resolve().parent.parent
_PASSED_ON = {"GOLDENPATH_CACHE", "GOLDENPATH_TRIVY_CACHE", "GOLDENPATH_RELEASES"}
TABLE = "src/goldenpath/shared/toolchain.yaml"


def pin(folder: Path, api: Api, run_in: Runner, token: str) -> int:
    """Write each move that may be proposed into `folder`; return 1 when one of them was refused."""
    table = pins.TABLE.read_text(encoding="utf-8")
    written: dict[str, str] = {}
    refused = 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="goldenpath-bump-") as name:
        cosign = Toolchain.load(say=tell)
        pinning = Pinning(Releases.from_environment(), Path(name), lambda: cosign.provide("cosign").path, token)
        for tool in followed(pins.parse(table)):
            try:
                pinned = _pinned(tool, api, pinning, table, run_in.repository)
            except GoldenPathError as error:
                refused = 1
                run_in.annotate("error", str(error), title=f"{tool.name} is not proposed")
                tell(f"{tool.name}: {error}")
                continue
            if pinned:
                path = folder / f"{tool.name}.json"
                codec.write(path, pinned)
                written[tool.name] = evidence.sha256(path.read_bytes())
    run_in.set_outputs({"tools": " ".join(f"{name}={digest}" for name, digest in written.items())})
    return refused


def followed(tools: tuple[Tool, ...]) -> Iterator[Tool]:
    """Yield the tools that are not held. Raises `BadInput` when one of them says not where its releases are."""
    for tool in tools:
        if tool.name in policy.HELD:
            continue
        if tool.repository is None:
            raise BadInput(
                f"{tool.name} has no `repository`", fix="name it in the table, or hold it in dev/bumps/policy.py"
            )
        yield tool


def branch_of(proposal: releases.Proposal) -> str:
    """Return the branch of a proposal: one for each version, so that a closed pull request is not opened again."""
    return f"bump/{proposal.tool}-{proposal.new}"


def _pinned(tool: Tool, api: Api, pinning: Pinning, table: str, repository: str) -> Pinned | None:
    proposal = releases.newest(tool, api.releases(tool.repository or ""), datetime.now(UTC))
    if proposal is None:
        tell(f"{tool.name} {tool.version}: nothing newer is old enough")
        return None
    if there := api.pull_of(repository, branch_of(proposal)):
        tell(f"{tool.name} {proposal.new}: proposed before, {there}")
        return None
    tell(f"{tool.name} {proposal.old}: {proposal.new} may be proposed")
    return pinning.apply(proposal, table)


def attempt(pinned: Path, folder: Path) -> int:
    """Try each program that `pinned` moves, and write what changed into `folder`; return 0."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="goldenpath-trial-") as name:
        named = {name: value for name, value in runner.variables().items() if name in _PASSED_ON}
        with engine.provide(tell) as running:
            trials = Trials(ROOT, Path(name), {**named, **demo.engine_variables(running)})
            for path in sorted(pinned.glob("*.json")):
                pinned_move = codec.read(path, Pinned, written_by="bump.py pin")
                codec.write(folder / f"{pinned_move.proposal.tool}.json", trials.of(pinned_move))
    return 0


def propose(pinned: Path, trials: Path, tools: str, api: Api, run_in: Runner) -> int:
    """Open a pull request for each move in `pinned`; return 0.

    `tools` is the output of the job `pin`: the name of each, and the digest of its file. Raises `GithubRefused`,
    `EvidenceMismatch` when a file is another one, and `BadInput`.
    """
    base = run_in.ref.removeprefix("refs/heads/")
    if base == run_in.ref:
        raise BadInput(f"{run_in.ref or 'this'} is not a branch", fix="run the workflow on the branch to propose to")
    run = f"{run_in.server_url}/{run_in.repository}/actions/runs/{run_in.run_id}"
    old = pins.TABLE.read_bytes()
    for move in _handed_over(pinned, tools):
        require_one_entry(old.decode(), move)
        tried = _trial(trials, move.proposal.tool)
        branch, title = branch_of(move.proposal), text.title(move.proposal)
        api.branch(run_in.repository, branch, base)
        api.replace(run_in.repository, branch, TABLE, old, move.table.encode(), title)
        pull = {
            "title": title, "body": text.body(move, tried, run, datetime.now(UTC)), "head": branch, "base": base,
            "draft": tried is None or not tried.passed,
        }  # fmt: skip
        tell(f"{title}: {api.propose(run_in.repository, pull)}")
    return 0


def require_one_entry(old: str, pinned: Pinned) -> None:
    """Raise `BadInput` unless the table of `pinned` differs from `old` in its own entry only."""
    before = {tool.name: tool for tool in pins.parse(old)}
    after = {tool.name: tool for tool in pins.parse(pinned.table)}
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if changed != {pinned.proposal.tool} or after[pinned.proposal.tool].version != pinned.proposal.new:
        raise BadInput(
            f"the proposal of {pinned.proposal.tool} changes {', '.join(sorted(changed)) or 'nothing'}",
            fix="do not open it; look at the job that wrote it",
        )


def _handed_over(folder: Path, tools: str) -> Iterator[Pinned]:
    """Yield what the job `pin` wrote; a job in between may have replaced the files, but not the digests in `tools`."""
    for name, _, digest in (part.partition("=") for part in tools.split()):
        path = folder / f"{name}.json"
        if evidence.sha256(codec.read_bytes(path, written_by="bump.py pin")) != digest:
            raise EvidenceMismatch(f"{path.name} is not what the job pin wrote", fix="look at what the job try started")
        yield codec.read(path, Pinned, written_by="bump.py pin")


def _trial(folder: Path, tool: str) -> Trial | None:
    """Return the trial of `tool`; `None` where there is none that can be read."""
    try:
        trial = codec.read(folder / f"{tool}.json", Trial, written_by="bump.py try")
    except GoldenPathError as error:
        tell(f"{tool}: {error}")
        return None
    return trial if trial.tool == tool else None


def main(words: list[str]) -> int:
    """Run the step that `words` name; return the exit code."""
    run_in = Runner.read(os.environ)
    match words:
        case ["pin", folder]:
            token = _token()
            return pin(Path(folder), Api(run_in.api_url, token), run_in, token)
        case ["try", pinned, folder]:
            return attempt(Path(pinned), Path(folder))
        case ["propose", pinned, trials]:
            tools = os.environ.get("TOOLS", "")
            return propose(Path(pinned), Path(trials), tools, Api(run_in.api_url, _token()), run_in)
        case _:
            raise SystemExit(__doc__)


def _token() -> str:
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise BadInput(
            "GITHUB_TOKEN is empty", fix="give the step the workflow's token; at a terminal use `gh auth token`"
        )
    return token


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except GoldenPathError as error:
        raise SystemExit(f"dev/bump.py: {error}") from None
