"""A stranger's way: README, one file copied into an empty repository, a green run here and one on a workflow runner."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.shared import runner
from tests.e2e import events, platform_copy
from tests.e2e.outcomes import ALL_RAN, assert_released
from tests.tools import apps
from tests.tools.command import ROOT
from tests.tools.command import surroundings as quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.local.server import Local
    from tests.e2e.delivery_runs import Deliver
    from tests.tools.apps import App

pytestmark = pytest.mark.e2e

BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATIENCE = 300


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A repository that has a Dockerfile, and nothing of ours; it lies where README thinks it does."""
    app = apps.uncommitted(tmp_path / "my-app")
    app.save("An app")
    return app


@pytest.fixture
def machine(surroundings: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """A machine of its own, on which the tools and packages were installed before."""
    with tempfile.TemporaryDirectory(prefix="gp-", ignore_cleanup_errors=True) as folder:
        for name in ("tools", "env"):
            (Path(folder) / name).symlink_to(runner.cache_dir() / name)
        found = quiet({**surroundings, "GOLDENPATH_CACHE": folder})
        yield found
        stop = [str(ROOT / "bin" / "goldenpath"), "local", "down"]
        subprocess.run(stop, env={**found, "GOLDENPATH_LOCK": "dev"}, check=True, capture_output=True, timeout=PATIENCE)


def chapter(title: str) -> str:
    """Return the commands of one chapter of README, as they are written there."""
    text = (ROOT / "README.md").read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    commands = BLOCKS.findall(text)
    assert commands
    return "".join(commands)


def test_whoever_follows_the_readme_has_a_green_run_here_and_on_a_runner(
    machine: Mapping[str, str], deliver: Deliver, emulator: Local, app: App
) -> None:
    # Beside the app, as README has it.
    platform = platform_copy.make(app.folder.parent / "goldenpath-idp-infra", whole=True)
    copying, _, trying = chapter("Use it in an app repository").partition("export ")
    follow(copying, platform, machine)
    app.save("Deliver")
    told = follow(f"export {trying}", platform, machine)
    assert "✓ ecr-push" in told
    assert "/my-app@sha256:" in told
    assert told.rstrip().endswith("stopped")
    ended = deliver(events.push(app, "development"))
    assert (ended.code, ended.jobs) == (0, ALL_RAN), ended.story
    assert_released(ended, emulator, app.commit[:7], f"dev-{app.commit[:7]}", "latest")


def follow(commands: str, folder: Path, machine: Mapping[str, str]) -> str:
    """Type `commands` into a shell in `folder`; the first that fails ends them."""
    done = subprocess.run(
        ["bash", "-e", "-c", commands], env=machine, cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout
