"""Do every row with GitHub's own actions, on one of its runners.

`start.mjs` starts this with what only actions are given. The folder of the actions holds each at the commit that the
workflows pin. Prints a line for each row; the exit code is 1 when a row is not as it says.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.e2e.action_contract import git_server, repository
from tests.e2e.action_contract.machine import SECONDS, Differs, Machine
from tests.e2e.action_contract.rows import ROWS
from tests.e2e.action_contract.steps import CHECKOUT, Row, Use

if TYPE_CHECKING:
    from collections.abc import Mapping

# What an action takes for its default where that is an expression.
_DEFAULTS = {
    "${{ github.token }}": "token",
    "${{ github.repository }}": "GITHUB_REPOSITORY",
    "${{ github.run_id }}": "GITHUB_RUN_ID",
}


def main(folder: Path, actions: Path, node: str) -> int:
    """Do the rows below the new `folder` and return the exit code."""

    def use(name: str, inputs: Mapping[str, str], env: Mapping[str, str]) -> tuple[int, str]:
        return _used(actions / name, node, inputs, env)

    differ = 0
    with git_server.running(folder / "origins") as server:
        commits = repository.make(server.root)
        for number, row in enumerate(ROWS):
            own = folder / str(number)
            named = f"row-{os.environ['GITHUB_RUN_ATTEMPT']}-{number}"
            try:
                Machine(own, use, _variables(row, server.url), named, dict(commits)).do(row)
            except Differs as error:
                differ += 1
                say(f"::error title=row {number}::{row.fact}")
                say(str(error).replace("::", ": :"))
            else:
                say(f"ok: {row.fact}")
    say(f"{len(ROWS)} rows, {differ} differ")
    return 1 if differ else 0


def say(text: str) -> None:
    """Print it at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _variables(row: Row, server: str) -> dict[str, str]:
    """Return the variables of this run, but for a checkout those of a run in the repository at `server`."""
    if not any(isinstance(step, Use) and step.action == CHECKOUT for step in row.steps):
        return dict(os.environ)
    return {
        **os.environ,
        "GITHUB_SERVER_URL": server,
        "GITHUB_REPOSITORY": repository.NAME,
        "GITHUB_EVENT_NAME": "push",
    }


def _used(action: Path, node: str, inputs: Mapping[str, str], env: Mapping[str, str]) -> tuple[int, str]:
    declared = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
    given = {name: _default(about.get("default"), env) for name, about in declared["inputs"].items()}
    given.update(inputs)
    variables = {f"INPUT_{name.upper().replace(' ', '_')}": text for name, text in given.items()}
    done = subprocess.run(
        [node, str(action / declared["runs"]["main"])], env={**env, **variables}, cwd=env["GITHUB_WORKSPACE"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    return done.returncode, done.stdout


def _default(text: object, env: Mapping[str, str]) -> str:
    if text is None:
        return ""
    word = _DEFAULTS.get(str(text), str(text).lower() if isinstance(text, bool) else str(text))
    return env.get(word, word) if "${{" not in word else ""


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
