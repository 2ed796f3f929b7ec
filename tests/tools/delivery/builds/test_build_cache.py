"""The build cache on a real BuildKit: a machine that never built anything takes the steps of another one, or runs them.

A step of the app writes random bytes. So two images are the same only where that step ran once for both.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from tests import step_outputs
from tests.tools import apps
from tests.unit import layout_builder

from goldenpath.delivery.builds.cache_folder import CacheFolder
from goldenpath.delivery.model.build_cache import BuildCache
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.engine import buildkit
from goldenpath.shared import codec, process
from goldenpath.shared.names import Digest
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.delivery.model.candidate import Candidate

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not buildkit.may_run(), reason="a BuildKit of our own needs root, and the runc of an engine"),
]
# Only what the shell itself can do: there is no other program in the image.
RANDOM = "read -r made < /proc/sys/kernel/random/uuid && echo $made > /made"
KEY = "goldenpath-build-1-dev-my-app-"


@dataclass
class Machines:
    """A BuildKit at `address` that forgets everything before each build, as a new machine does."""

    goldenpath: Command
    app: App
    folder: Path
    address: str
    cache: Path
    key: str = ""
    log: str = ""
    used: int = 0

    def build(self) -> Candidate:
        """Build a push to `main` for dev on a new machine; a cache that it writes is there for the next one."""
        control = Toolchain.load().provide("buildctl").path
        process.run(control, f"--addr={self.address}", "prune", "--all", timeout=60)
        self.used += 1
        run = self.folder / str(self.used)
        work = WorkFolder(run / "work")
        where = (f"--source={self.app.folder}", f"--work-dir={work.path}", "--environment=dev")
        cache = (f"--build-cache={self.cache}", f"--build-cache-key={self.key}")
        more = {**apps.event(run, self.app), "GOLDENPATH_BUILDKIT": self.address}
        self.log = self.goldenpath.run("build", *where, *cache, more=more).ok().text
        if digest := step_outputs.read(run / "output").get("build_cache_digest"):
            self.key = KEY + digest
        return work.read_candidate()

    def without_cache(self) -> Candidate:
        """Build it on a new machine that finds no cache and leaves none."""
        kept = self.cache.rename(self.cache.with_name("kept"))
        key, self.key = self.key, ""
        built = self.build()
        shutil.rmtree(self.cache)
        kept.rename(self.cache)
        self.key = key
        return built


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A BuildKit of the platform's version, for this module alone."""
    with tempfile.TemporaryDirectory(prefix="gp-", ignore_cleanup_errors=True) as name:
        daemon = buildkit.describe(Path(name), Toolchain.load())
        assert daemon is not None
        daemon.start(lambda: buildkit.is_listening(Path(name)))
        try:
            yield f"unix://{buildkit.socket_of(Path(name))}"
        finally:
            daemon.stop()


@pytest.fixture
def machines(goldenpath: Command, tmp_path: Path, address: str) -> Machines:
    dockerfile = (
        f"FROM scratch AS made\nCOPY --chmod=755 system /\nCOPY packages.txt /\nRUN {RANDOM}\n"
        "FROM scratch\nCOPY rootfs /\nCOPY --from=made /made /made\nCOPY app.py /\n"
    )
    files = {"packages.txt": b"1\n", "app.py": b"1\n", "Dockerfile": dockerfile.encode()}
    app = apps.make(tmp_path / "app", **files, **{f"system{path}": path.read_bytes() for path in shell()})
    return Machines(goldenpath, app, tmp_path, address, tmp_path / "cache")


def shell() -> set[Path]:
    """Return the files of a shell that runs without any other: itself, and its libraries."""
    libraries = process.run("ldd", "/bin/sh", timeout=10).stdout.decode()
    return {Path("/bin/sh"), *map(Path, re.findall(r"(/\S+) \(", libraries))}


def test_a_commit_is_one_image_cold_and_warm_and_what_did_not_change_does_not_run_again(machines: Machines) -> None:
    cold = machines.build()
    assert "cold build: there is no build cache yet" in machines.log
    key, saved = machines.key, sorted(machines.cache.rglob("*"))
    warm = machines.build()
    assert "using the build cache of commit" in machines.log
    assert warm.digest == cold.digest, "the step ran once"
    assert (cold.cache, warm.cache) == (None, Digest(f"sha256:{key.removeprefix(KEY)}"))
    machines.app.write("app.py", "2\n").save()
    machines.build()
    layers = [Layout(machines.folder / each / "work" / "candidate").images()[0].manifest.layers for each in "13"]
    assert [first.digest == second.digest for first, second in zip(*layers, strict=True)] == [True, True, False]
    machines.app.write("packages.txt", "2\n").save()
    assert machines.build().digest != machines.build().digest, "what the step reads is not in the cache: it runs"
    assert (machines.key, sorted(machines.cache.rglob("*"))) == (key, saved), "a warm build writes nothing"


def test_without_the_cache_the_step_runs_again(machines: Machines) -> None:
    assert machines.build().digest != machines.without_cache().digest


def test_a_cache_that_somebody_changed_is_a_cold_build_that_writes_its_own(machines: Machines) -> None:
    cold = machines.build()
    layout = Layout(machines.cache / "layout")
    layer = layout.blob(layout.images()[0].manifest.layers[-1].digest)
    layer.write_bytes(layer.read_bytes()[::-1])
    again = machines.build()
    assert "cold build: the build cache is damaged: " in machines.log
    assert (again.cache, again.digest == cold.digest) == (None, False)
    assert machines.build().digest == again.digest


def test_a_cache_that_buildkit_cannot_use_is_a_cold_build(machines: Machines) -> None:
    cold = machines.build()
    record = codec.decode((machines.cache / "cache.json").read_bytes(), BuildCache)
    shutil.rmtree(machines.cache / "layout")
    manifest = layout_builder.layout(machines.cache / "layout").root().digest
    machines.key = KEY + CacheFolder(machines.cache).write(replace(record, manifest=manifest)).hex
    assert machines.build().digest != cold.digest
