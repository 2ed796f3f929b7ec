"""What grows with its input and starts programs: the gates, the build, the inventory, the push, a monorepo.

Every case runs the commands as a person does, in one process. Builds are by the engine of the tests, and pushes go to
the emulator, which is a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import secrets
import string
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dev import histories
from dev.growing import images
from dev.growing.case import Case, Work
from tests.tools import apps
from tests.tools.command import evidence
from tests.unit.builders import COMMIT

from goldenpath import cli
from goldenpath.local import state
from goldenpath.local.control import Seed
from goldenpath.local.demo import demo
from goldenpath.local.engine import engine
from goldenpath.shared import runner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from goldenpath.local.state import LocalState

ROLE = "growth"
# The groups that need an engine and an emulator.
_NEED_ALL = {"image", "layers", "images"}
# By which a point, in a process of its own, finds the emulator.
_FOLDER = "GOLDENPATH_GROWTH_EMULATOR"
_PER_COMMIT = 20


@contextlib.contextmanager
def prepared(groups: Collection[str], folder: Path) -> Iterator[None]:
    """Give what the cases of `groups` share, while the block lasts."""
    if not _NEED_ALL & {*groups}:
        yield
        return
    with contextlib.ExitStack() as stay:
        context = stay.enter_context(engine.provide(print))
        variables = {**demo.engine_variables(context), **demo.own_database(), _FOLDER: str(folder)}
        stay.enter_context(runner.adopted(variables))
        state.up(folder, seed=Seed(roles=(ROLE,)), say=print)
        stay.callback(state.down, folder)
        yield


def of_builder() -> float:
    """Return the seconds that our own BuildKit, where one runs, had a processor: it is no child of the command."""
    with contextlib.suppress(OSError, ValueError):
        pid = (runner.cache_dir() / "engine" / "buildkitd.pid").read_text().strip()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _ran(*words: object) -> None:
    """Run a command. Ends the program, with what the command printed last, where it does not end well."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = cli.run([*map(str, words)])
    if code:
        raise SystemExit(f"`{words[0]}` ended with {code}: {printed.getvalue()[-1500:]}")


def _scanned(source: Path, folder: Path) -> Work:
    return partial(_ran, "gitleaks-gate", "--environment=dev", f"--source={source}", f"--work-dir={folder / 'work'}")


def _commits(count: int, folder: Path) -> Work:
    def kind(writer: histories.Writer) -> None:
        histories.many(writer, count)

    return _scanned(histories.written(kind, "growth", folder / "app"), folder)


def _token(chance: random.Random) -> str:
    """Return what scanners take for a GitHub token. This repository holds none."""
    return "ghp_" + "".join(chance.choices(string.ascii_letters + string.digits, k=36))


def _lines(count: int) -> list[str]:
    chance = random.Random(count)  # noqa: S311  nobody is to keep these secret
    return [f"token_{number} = {_token(chance)}" for number in range(count)]


def _secrets(count: int, folder: Path) -> Work:
    """Put `count` different secrets into one file of one commit."""
    app = apps.make(folder / "app", **{"keys.txt": "\n".join(_lines(count)) + "\n"})
    return _scanned(app.folder, folder)


def _secrets_by_commit(count: int, folder: Path) -> Work:
    """Put them into one file, twenty in each commit."""

    def kind(writer: histories.Writer) -> None:
        lines = _lines(count)
        for end in range(_PER_COMMIT, count + 1, _PER_COMMIT):
            writer.commit({"keys.txt": "\n".join(lines[:end]) + "\n"}, "More")

    return _scanned(histories.written(kind, "growth", folder / "app"), folder)


def _checked(stage: str, layers: int, megabytes: float, folder: Path) -> Work:
    """Do `stage` with an image of so many layers of so many MB each."""
    app = apps.make(folder / "app")
    work = images.candidate(folder / "work", layers, megabytes)
    words = ("--environment=dev", "--ecr-repository=growth", f"--source={app.folder}", f"--work-dir={work.path}")
    return partial(_ran, stage, *words)


def _pushed(layers: int, megabytes: float, folder: Path) -> Work:
    """Push such an image to a new repository, as a workflow run does."""
    work, name = images.candidate(folder / "work", layers, megabytes), _new_name()
    running = _emulator(name)
    run = {
        "GITHUB_ACTIONS": "true", "GITHUB_SHA": COMMIT, "GITHUB_REF": "refs/heads/development",
        "GITHUB_REPOSITORY": "team/app", "GITHUB_EVENT_NAME": "push", "GITHUB_OUTPUT": str(folder / "output"),
    }  # fmt: skip
    role = f"--role-arn=arn:aws:iam::{running.account}:role/{ROLE}"
    words = ("ecr-push", "--environment=dev", f"--ecr-repository={name}", f"--work-dir={work.path}", role)
    return partial(_within, {**running.environment, **run, **evidence(work)}, *words, f"--aws-region={running.region}")


def _within(variables: Mapping[str, str], *words: object) -> None:
    with runner.adopted(variables):
        _ran(*words)


def _new_name() -> str:
    return f"growth/{secrets.token_hex(4)}"


def _emulator(*repositories: str) -> LocalState:
    return state.up(Path(os.environ[_FOLDER]), seed=Seed(repositories=repositories))


def _built(layers: int, megabytes: float, folder: Path) -> Work:
    """Build an image of so many layers, of files that no builder has seen before."""
    app = apps.uncommitted(folder / "app")
    app.git("config", "core.compression", "0")  # of two gigabytes, git would compress for minutes
    copied = [f"COPY rootfs/{number} /data/{number}\n" for number in range(layers)]
    app.write("Dockerfile", "FROM scratch\n" + "".join(copied))
    for number in range(layers):
        for part, content in enumerate(images.contents(megabytes, os.urandom(16))):
            app.write(f"rootfs/{number}/{part}", content)
    app.save()
    return partial(_ran, "build", "--environment=dev", f"--source={app.folder}", f"--build-context={app.folder}",
                   f"--dockerfile-path={app.folder}/Dockerfile", f"--work-dir={folder / 'work'}")  # fmt: skip


def _monorepo(count: int, folder: Path) -> apps.App:
    app = apps.uncommitted(folder / "app")
    (app.folder / "Dockerfile").unlink()
    for number in range(count):
        app.write(f"service-{number}/Dockerfile", apps.DOCKERFILE)
        apps.plant_system(app, f"service-{number}/rootfs")
        for part in range(20):
            app.write(f"service-{number}/src/{part}.py", f"def f{number}(a):\n    return a + {part}\n" * 20)
    app.git("rm", "--quiet", "-r", "--cached", "--ignore-unmatch", ".")
    app.save()
    return app


def _delivered(count: int, folder: Path) -> Work:
    """Deliver each image of a monorepo, one after the other."""
    app, names = _monorepo(count, folder), [_new_name() for _ in range(count)]
    running = _emulator(*names)
    role = f"--role-arn=arn:aws:iam::{running.account}:role/{ROLE}"

    def work() -> None:
        for number, name in enumerate(names):
            place = app.folder / f"service-{number}"
            _within(
                running.environment, "deliver", "--environment=dev", f"--ecr-repository={name}",
                f"--source={app.folder}", f"--build-context={place}", f"--dockerfile-path={place}/Dockerfile",
                f"--work-dir={folder / name}", f"--aws-region={running.region}", role,
            )  # fmt: skip

    return work


def _adopted(count: int, folder: Path) -> Work:
    app = _monorepo(count, folder)
    return partial(_ran, "init", f"--source={app.folder}", "--ecr-repository=shop", "--monorepo", "--dry-run")


_COMMITS = (100, 1_000, 10_000, 100_000)
_MEGABYTES, _LAYERS = (50, 150, 500, 2_000), (1, 8, 32, 64, 127)
_LAYER = 0.5


def _stage_by_size(stage: str, size: int, folder: Path) -> Work:
    return _checked(stage, 8, size / 8, folder)


def _stage_by_layers(stage: str, size: int, folder: Path) -> Work:
    return _checked(stage, size, _LAYER, folder)


CASES = (
    Case("commits", "commits", "the secret gate over all of history", "commits", _COMMITS, _commits),
    Case("secrets-file", "secrets", "secrets in one file of one commit", "secrets", (1_000, 5_000, 10_000, 20_000),
         _secrets),
    Case("secrets-history", "secrets", "secrets in one file, twenty in each commit", "secrets",
         (500, 1_000, 2_000, 4_000), _secrets_by_commit),
    Case("image-build", "image", "build and export", "MB", _MEGABYTES,
         lambda size, folder: _built(8, size / 8, folder), once=True, builds=True),
    Case("image-trivy", "image", "trivy-gate", "MB", _MEGABYTES, partial(_stage_by_size, "trivy-gate"), once=True),
    Case("image-sbom", "image", "sbom", "MB", _MEGABYTES, partial(_stage_by_size, "sbom"), once=True),
    Case("image-push", "image", "ecr-push", "MB", _MEGABYTES, lambda size, folder: _pushed(8, size / 8, folder),
         once=True),
    Case("layers-build", "layers", "build and export", "layers", _LAYERS,
         lambda size, folder: _built(size, _LAYER, folder), once=True, builds=True),
    Case("layers-trivy", "layers", "trivy-gate", "layers", _LAYERS, partial(_stage_by_layers, "trivy-gate"),
         once=True),
    Case("layers-sbom", "layers", "sbom", "layers", _LAYERS, partial(_stage_by_layers, "sbom"), once=True),
    Case("layers-push", "layers", "ecr-push", "layers", _LAYERS,
         lambda size, folder: _pushed(size, _LAYER, folder), once=True),
    Case("images-adopted", "images", "`init --monorepo`", "images", (1, 5, 15, 50), _adopted),
    Case("images-delivered", "images", "delivery of each image of a monorepo", "images", (1, 5, 15, 50), _delivered,
         once=True, builds=True),
)  # fmt: skip
