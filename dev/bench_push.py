"""How long a push takes beside `crane push`, a run with nothing to do, and how much memory it needs: `make bench-push`.

Both push the same layout to fresh repositories behind the same front of the local emulator, in turns, each as often
first as the other. Our command starts an interpreter, proves to AWS who it is, looks before it writes, and reads back
what it wrote; crane, a compiled program, is given a login that was made before. So two times are printed:
the push, which is what it takes beyond a run that finds nothing to do, and the whole command. Both are printed for an
image as small as slim bases make them, for one as large as applications are (wordpress, node or python with their
dependencies are 250 to 1,000 MB as they are sent), and for one with models or tool chains in it.
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
from tests.tools.command import evidence  # noqa: E402
from tests.unit.builders import COMMIT  # noqa: E402

from goldenpath.delivery.model.layout import Descriptor, Manifest, write_index  # noqa: E402
from goldenpath.local import state  # noqa: E402
from goldenpath.local.control import Seed  # noqa: E402
from goldenpath.shared import codec  # noqa: E402
from goldenpath.shared.names import Digest  # noqa: E402
from goldenpath.shared.oci import GZIP_LAYER, MANIFEST  # noqa: E402
from goldenpath.shared.toolchain import Toolchain  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.delivery.model.work_folder import WorkFolder

MB = 1 << 20
ROLE = "bench"


@dataclass(frozen=True)
class Ran:
    """A program that ended well: its seconds, those in which it had a processor, and the most memory it held, in MB."""

    seconds: float
    processor: float
    megabytes: float


class Bench:
    """An emulator in a process of its own, and what pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = state.up(folder / "emulator", seed=Seed(roles=(ROLE,)))
        self._number = 0
        self._crane = Toolchain.load().provide("crane").path
        # As on a runner: without what only tests need.
        words = [sys.executable, str(ROOT / "bin" / "environment"), "runtime"]
        self.python = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

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
            [self.python, "-I", str(ROOT / "src" / "goldenpath"), "ecr-push", "--environment=dev",
             f"--ecr-repository={repository}", f"--work-dir={work.path}", f"--aws-region={self.state.region}",
             f"--role-arn=arn:aws:iam::{self.state.account}:role/{ROLE}"],
            {**self.state.environment, **run, **evidence(work)},
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
    began, before = time.monotonic(), os.times()
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(list(words), env={**kept, **environment}, stdout=log, stderr=log)
        megabytes = 0.0
        while child.poll() is None:
            megabytes = max(megabytes, _high_water(child.pid))
            time.sleep(0.005)
        seconds, after = time.monotonic() - began, os.times()
        log.seek(0)
        if child.returncode:
            raise SystemExit(log.read().decode(errors="replace"))
    processor = sum(after[2:4]) - sum(before[2:4])  # of children that ended
    return Ran(seconds, processor, megabytes)


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


@dataclass(frozen=True)
class Compared:
    """The medians of pushes in turns, in seconds: ours, crane's, and ours again when there was nothing to do."""

    ours: Ran
    crane: Ran
    again: Ran


def median(runs: Sequence[Ran]) -> Ran:
    """Return the median of each figure."""
    return Ran(
        *(statistics.median(getattr(run, name) for run in runs) for name in ("seconds", "processor", "megabytes"))
    )


def compared(bench: Bench, layers: Sequence[int], runs: int) -> Compared:
    """Push in turns an image of layers of so many MB, and tell how it went."""
    work = bench.work(f"candidate-{sum(layers)}", layers)
    ours, theirs, again = [], [], []
    for number in range(runs):
        repository = bench.repository()
        # What the first wrote, the disk still writes while the second does.
        if number % 2:
            theirs.append(bench.crane(work, bench.repository()))
        ours.append(bench.push(work, repository))
        if not number % 2:
            theirs.append(bench.crane(work, bench.repository()))
        again.append(bench.push(work, repository))
    compared = Compared(median(ours), median(theirs), median(again))
    beyond = compared.ours.seconds - compared.again.seconds
    # Of each pair: what a machine does beside meets both of it.
    pairs = [(one.seconds, other.seconds) for one, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median((one - compared.again.seconds) / other for one, other in pairs)
    of_all = statistics.median(one / other for one, other in pairs)
    print(f"push of {sum(layers)} MB in {len(layers)} layers, median of {runs}, load {os.getloadavg()[0]:.1f}:")
    print(f"  push {beyond:.2f} s, crane {_shown(compared.crane)}, ratio {ratio:.2f}")
    print(f"  whole command {_shown(compared.ours)}, ratio {of_all:.2f}")
    return compared


def nothing_to_do(bench: Bench, again: Ran, runs: int) -> None:
    """Print what a run with nothing to do costs, and which part of it is spent before it does anything."""
    alone = median([_run([bench.python, "-I", "-c", "pass"], {}) for _ in range(runs)])
    loads = "import click, msgspec, yaml, botocore.session, botocore.client, urllib3"
    packages = median([_run([bench.python, "-I", "-c", loads], {}) for _ in range(runs)])
    print(f"nothing to do: {_shown(again)}; an empty program {_shown(alone)}, one that loads the packages "
          f"{_shown(packages)}")  # fmt: skip


def _shown(ran: Ran) -> str:
    return f"{ran.seconds:.2f} s (processor {ran.processor:.2f} s)"


def main() -> int:
    """Measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--small", type=int, nargs="*", default=[30, 20, 8, 2], help="MB of each layer")
    parser.add_argument("--typical", type=int, nargs="*", default=[180, 140, 80, 60, 20, 12, 6, 2], help="the same")
    parser.add_argument(
        "--big", type=int, nargs="*", default=[700, 500, 300, 200, 150, 100, 60, 30, 8], help="the same"
    )
    parser.add_argument("--large", type=int, default=2048, help="MB of the only layer; 0 leaves it out")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="goldenpath-bench-") as folder:
        bench = Bench(Path(folder))
        try:
            measured = [
                compared(bench, layers, asked.runs) for layers in (asked.small, asked.typical, asked.big) if layers
            ]
            if measured:
                nothing_to_do(bench, measured[0].again, asked.runs)
            if asked.large:
                ran = bench.push(bench.work("large", [asked.large]), bench.repository())
                print(f"one layer of {asked.large} MB: {ran.seconds:.1f} s, {ran.megabytes:.0f} MB of memory at most")
        finally:
            state.down(bench.folder / "emulator")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
