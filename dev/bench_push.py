"""How long a push takes beside `crane push`, what a re-run with nothing to do costs, and how much memory a push needs.

Both push the same layout to fresh repositories behind the same front of the local emulator, in turns.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from typing import TYPE_CHECKING  # noqa: E402

from tests.faults import campaign  # noqa: E402
from tests.unit.builders import COMMIT  # noqa: E402

from goldenpath.local import state  # noqa: E402
from goldenpath.local.control import Seed  # noqa: E402
from goldenpath.model import codec  # noqa: E402
from goldenpath.model.layout import GZIP_LAYER, MANIFEST, Descriptor, Manifest, write_index  # noqa: E402
from goldenpath.model.names import Digest  # noqa: E402
from goldenpath.tools.toolchain import Toolchain  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.model.work import WorkFolder

MB = 1 << 20
ROLE = "bench"


@dataclass(frozen=True)
class Ran:
    """A program that ended well: its `seconds`, and the most memory it held, in MB."""

    seconds: float
    megabytes: float


class Bench:
    """An emulator in a process of its own, and what pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = state.up(folder / "emulator", seed=Seed(roles=(ROLE,)))
        self._number = 0
        self._crane = Toolchain.load().provide("crane").path

    def repository(self) -> str:
        """Return a new repository."""
        self._number += 1
        name = f"bench/{self._number:03d}"
        state.up(self.folder / "emulator", seed=Seed(repositories=(name,)))
        return name

    def work(self, name: str, layers: Sequence[int]) -> WorkFolder:
        """Return a work folder with a candidate of random layers of so many MB each."""
        work = campaign.checked(self.folder / name, COMMIT, name.encode(), several=False)
        blobs = [_random_blob(work.layout / "blobs" / "sha256", size) for size in layers]
        root = work.read_candidate().digest
        old = codec.decode((work.layout / "blobs" / "sha256" / root.hex).read_bytes(), Manifest)
        content = codec.encode(Manifest(2, MANIFEST, old.config, [*old.layers, *blobs]))
        (work.layout / "blobs" / "sha256" / Digest.of(content).hex).write_bytes(content)
        write_index(work.layout, Descriptor(MANIFEST, Digest.of(content), len(content)))
        for path in work.path.glob("*.json"):
            path.write_text(path.read_text().replace(root, Digest.of(content)))
        return work

    def push(self, work: WorkFolder, repository: str) -> Ran:
        """Push with `goldenpath ecr-push`, the whole process."""
        run = {
            "GITHUB_ACTIONS": "true", "GITHUB_SHA": COMMIT, "GITHUB_REF": "refs/heads/development",
            "GITHUB_REPOSITORY": "team/app", "GITHUB_EVENT_NAME": "push",
        }  # fmt: skip
        return _run(
            [sys.executable, "-I", str(ROOT / "src" / "goldenpath"), "ecr-push", "--environment=dev",
             f"--ecr-repository={repository}", f"--work-dir={work.path}", f"--aws-region={self.state.region}",
             f"--role-arn=arn:aws:iam::{self.state.account}:role/{ROLE}"],
            {**self.state.environment, **run},
        )  # fmt: skip

    def crane(self, work: WorkFolder, repository: str) -> Ran:
        """Push with crane."""
        self._log_in()
        image = f"{self.state.registry_host}/{repository}:a1b2c3d"
        return _run([str(self._crane), "push", str(work.layout), image], {"DOCKER_CONFIG": str(self.folder)})

    def _log_in(self) -> None:
        admin = boto3.Session(self.state.admin_key_id, self.state.admin_key_secret, region_name=self.state.region)
        ecr = admin.client("ecr", endpoint_url=self.state.environment["AWS_ENDPOINT_URL"])
        token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        (self.folder / "config.json").write_text(json.dumps({"auths": {self.state.registry_host: {"auth": token}}}))


def _run(words: Sequence[str], environment: dict[str, str]) -> Ran:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "GOLDENPATH_CACHE") if name in os.environ}
    began = time.monotonic()
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(list(words), env={**kept, **environment}, stdout=log, stderr=log)
        megabytes = 0.0
        while child.poll() is None:
            megabytes = max(megabytes, _high_water(child.pid))
            time.sleep(0.005)
        seconds = time.monotonic() - began
        log.seek(0)
        if child.returncode:
            raise SystemExit(log.read().decode(errors="replace"))
    return Ran(seconds, megabytes)


def _high_water(pid: int) -> float:
    """Return the most memory that a process held so far, in MB. What wait4 tells would have this process's in it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it ended
        return 0.0
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)


def _random_blob(folder: Path, megabytes: int) -> Descriptor:
    path, block = folder / "part", os.urandom(MB)
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(number.to_bytes(8, "big") + block[8:])
    with path.open("rb") as file:
        digest = Digest("sha256:" + hashlib.file_digest(file, "sha256").hexdigest())
    path.rename(folder / digest.hex)
    return Descriptor(GZIP_LAYER, digest, megabytes * MB)


def main() -> int:
    """Measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--layers", type=int, nargs="+", default=[80, 60, 25, 10], help="MB of each layer")
    parser.add_argument("--large", type=int, default=2048, help="MB of the one large layer; 0 leaves it out")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="goldenpath-bench-") as folder:
        bench = Bench(Path(folder))
        try:
            measure(bench, asked.layers, asked.runs, asked.large)
        finally:
            state.down(bench.folder / "emulator")
    return 0


def measure(bench: Bench, layers: Sequence[int], runs: int, large: int) -> None:
    """Print every figure."""
    work = bench.work("candidate", layers)
    ours, theirs, again = [], [], []
    for _ in range(runs):
        repository = bench.repository()
        ours.append(bench.push(work, repository).seconds)
        theirs.append(bench.crane(work, bench.repository()).seconds)
        again.append(bench.push(work, repository).seconds)
    mine, crane, nothing = (statistics.median(each) for each in (ours, theirs, again))
    alone = statistics.median(_run([sys.executable, "-I", "-c", "pass"], {}).seconds for _ in range(runs))
    loading = statistics.median(
        _run([sys.executable, "-I", str(ROOT / "src" / "goldenpath"), "--version"], {}).seconds for _ in range(runs)
    )
    print(f"push of {sum(layers)} MB in {len(layers)} layers, median of {runs}:")
    print(f"  whole command {mine:.2f} s, crane {crane:.2f} s, ratio {mine / crane:.2f}")
    print(f"  beyond a run with nothing to do {mine - nothing:.2f} s, ratio {(mine - nothing) / crane:.2f}")
    print(f"nothing to do: {nothing:.2f} s, of which interpreter {alone:.2f} s and loading {loading - alone:.2f} s")
    if large:
        ran = bench.push(bench.work("large", [large]), bench.repository())
        print(f"one layer of {large} MB: {ran.seconds:.1f} s, {ran.megabytes:.0f} MB of memory at most")


if __name__ == "__main__":
    raise SystemExit(main())
