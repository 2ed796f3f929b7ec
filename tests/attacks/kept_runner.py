"""A runner that is kept: a job of a workflow run on it, whose home holds what the code of an earlier job left."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from goldenpath.shared import runner
from goldenpath.shared.toolchain import Toolchain
from tests.attacks.attack import Refused
from tests.e2e import platform_copy
from tests.tools import apps, command
from tests.tools.command import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.attacks.attack import Scene
    from tests.tools.apps import App

SECONDS = 120
# The Python of a runner: not that of an environment.
PYTHON = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
# A runner is not root, whom nothing could be hidden from.
_UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.getuid() == 0 else ()
_ERROR = re.compile(r"error\[([a-z-]+)\]")
# What a hostile interpreter does: it takes the place of every stage.
PASSES = '#!/bin/sh\necho "✓ PASS in test (blocking); nothing found, says the attacker"\n'


@dataclass(frozen=True)
class Job:
    """A job, with our code from a copy: `temp` is new and its own, `home` is that of all jobs of the runner."""

    platform: Path
    temp: Path
    home: Path
    app: App

    @classmethod
    def on_a_kept_runner(cls, scene: Scene) -> Job:
        """Return a job that delivers an app in which a token has leaked. An earlier step of it installed the tools."""
        platform = platform_copy.copied(scene.folder / "platform", platform_copy.DELIVERY.__contains__)
        for edit in scene.edits:
            edit.apply(platform)
        app = apps.make(scene.folder / "app")
        app.plant_secret()
        job = cls(platform, scene.folder / "temp", scene.folder / "home", app)
        ours = job.temp / "goldenpath-cache"
        ours.mkdir(mode=0o700, parents=True)
        (job.home / ".cache" / "goldenpath").mkdir(parents=True)
        for kept in (ours, job.home / ".cache" / "goldenpath"):
            (kept / "env").symlink_to(shared() / "env")
        (ours / "tools").symlink_to(shared() / "tools")
        return job

    @property
    def cache(self) -> Path:
        """The cache folder that earlier jobs could write to."""
        return self.home / ".cache" / "goldenpath"

    def gate(self, **more: str) -> str:
        """Scan the app for secrets by the rules of test and return the log. Raises `Refused`."""
        run = apps.event(self.temp / "event", self.app, "push")
        return self.step("gitleaks-gate", "--environment=test", **{**run, "RUNNER_TEMP": str(self.temp)}, **more)

    def step(self, *words: str, **more: str) -> str:
        """Run our command in the checkout of the app and return the log. Raises `Refused`."""
        env = {
            **command.surroundings(),
            "HOME": str(self.home),
            "PATH": f"{os.path.dirname(PYTHON)}:/usr/local/bin:/usr/bin:/bin",  # noqa: PTH120
            **more,
        }
        for name in ("XDG_CACHE_HOME", "GOLDENPATH_CACHE"):
            if name not in more:
                env.pop(name, None)
        command_line = [*_UNPRIVILEGED, self.platform / "bin" / "goldenpath", *words]
        done = subprocess.run(
            command_line, env=env, cwd=self.app.folder, timeout=SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            found = _ERROR.search(done.stdout)
            raise Refused(found[1] if found else "", done.stdout)
        return done.stdout


@cache
def shared() -> Path:
    """Return the cache folder of the tests, in which programs and the environment of a runner are ready."""
    Toolchain.load().provide("gitleaks")
    shared = runner.cache_dir()
    variables = {**command.surroundings(), "GOLDENPATH_CACHE": str(shared)}
    subprocess.run([PYTHON, "-I", ROOT / "bin" / "environment", "runtime"], env=variables, check=True, timeout=SECONDS)
    return shared


def environment_name() -> str:
    """Return the name of the folder that holds the environment of a runner."""
    script = "import runpy, sys; found = runpy.run_path(sys.argv[1]); print(found['key'](found['packages']('runtime')))"
    words = [PYTHON, "-I", "-c", script, str(ROOT / "bin" / "environment")]
    return f"runtime-{subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()}"


def program(path: Path, text: str) -> Path:
    """Write an executable file and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path
