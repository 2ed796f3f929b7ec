"""Small repositories, laid out as public ones are, and what `goldenpath init` makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner
from tests.tools.apps import App

from goldenpath import cli
from goldenpath.delivery.adoption import scaffold

EVERYTHING = "FROM scratch\nCOPY . /\n"
CALLS = "mikeybeezy/goldenpath-idp-infra/.github/workflows/_build-and-release.yml@main"


def caller(on: str, environment: str = "dev", repository: str = "shop") -> str:
    """Return a workflow that delivers, started by `on`."""
    given = f"{{environment: {environment}, ecr_repository: {repository}}}"
    return f"on: {on}\njobs:\n  release:\n    uses: {CALLS}\n    with: {given}\n    secrets: inherit\n"


@dataclass(frozen=True)
class Layout:
    """A repository's `files` (content by path, or only paths), and its branches, the default one first."""

    files: dict[str, str] | Sequence[str]
    branches: Sequence[str] = ("main", "development")

    def make(self, folder: Path, *, cloned: bool = True) -> App:
        """Make the repository in the new `folder`: what a clone of it has, with origin's branches."""
        folder.mkdir()
        app = App(folder, "team/shop")
        app.git("init", "--quiet", f"--initial-branch={self.branches[0]}")
        app.git("remote", "add", "origin", f"git@github.com:{app.slug}.git")
        contents = self.files if isinstance(self.files, dict) else dict.fromkeys(self.files, EVERYTHING)
        for path, content in contents.items():
            app.write(path, content)
        if cloned:
            commit = app.save("The app")
            for name in self.branches:
                app.git("update-ref", f"refs/remotes/origin/{name}", commit)
            app.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{self.branches[0]}")
        return app


def init(app: App, *words: str) -> str:
    """Run `goldenpath init` in `app`; return what it prints. Raises what it raises."""
    result = CliRunner().invoke(cli.goldenpath, ["init", "--source", str(app.folder), *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def given(app: App) -> dict[str, Any]:
    """Return the inputs of the caller that was written, without the environment."""
    (job,) = yaml.safe_load((app.folder / scaffold.CALLER).read_text())["jobs"].values()
    assert job["uses"] == CALLS
    return {name: value for name, value in job["with"].items() if name != "environment"}


def named(place: str = "", context: str = "") -> dict[str, str]:
    inputs = {"ecr_repository": "shop", "build_context": context, "dockerfile_path": place and f"./{place}"}
    return {name: value for name, value in inputs.items() if value}
