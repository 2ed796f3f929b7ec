"""Releases that are stopped, killed, or meet another release, at random instants.

`python -m tests.faults.signals` does each a hundred times, and prints how it ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.delivery.registry.oci_registry import OciRegistry
from goldenpath.shared.names import Digest, EcrRepository, Tag
from goldenpath.shared.oci import INDEX
from tests.doubles.local import LocalWithGitHub
from tests.faults.campaign import OTHER_COMMIT, checked
from tests.faults.releaser import Releaser
from tests.tools.command import evidence
from tests.unit.builders import COMMIT

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder

ACCOUNT = "456789012345"
LOST = {35, 37}
LINES = 20
REMEASURED = 5
_NO_RECEIPT = 6
_KEPT = ("PATH", "HOME", "GOLDENPATH_CACHE", "XDG_CACHE_HOME", "LANG")


@dataclass
class Ends:
    """How runs of one kind ended, and what was wrong with any."""

    kind: str
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the figures in one line."""
        listed = ", ".join(f"{end} {number}" for end, number in sorted(self.ends.items()))
        return f"{self.kind}: runs {sum(self.ends.values())}, {listed}, wrong {len(self.wrong)}"


@dataclass
class Place:
    """A repository before a release: its name, tags and manifests, and the tags that the release writes."""

    name: EcrRepository
    tags: dict[str, str]
    manifests: set[str]

    def new(self, digest: str, *, immutable: bool = False) -> dict[str, str]:
        """Return the tags of the repository once `digest` is released."""
        names = (COMMIT[:7], f"dev-{COMMIT[:7]}", "1.4.2", *(() if immutable else ("latest",)))
        return self.tags | dict.fromkeys(names, digest)


class Stand:
    """An emulator, two processes that release to it, and one whose runs are of an earlier commit."""

    def __init__(
        self, folder: Path, local: LocalWithGitHub, releasers: tuple[Releaser, Releaser, Releaser], seed: int
    ) -> None:
        self.folder = folder
        self.local = local
        self.one, self.other, self.earlier = releasers
        self.role = local.create_role("signals")
        self.random = random.Random(seed)  # noqa: S311  instants, not secrets
        self._number = 0

    def work(self, content: bytes, commit: str = COMMIT) -> WorkFolder:
        """Return a new work folder with a candidate of two platforms, ready to be released."""
        self._number += 1
        return checked(self.folder / f"work-{self._number:04d}", commit, content, several=True)

    def words(self, place: Place, work: WorkFolder) -> list[str]:
        """Return the command that releases `work`."""
        return [
            "ecr-push", "--environment=dev", f"--ecr-repository={place.name}", f"--role-arn={self.role}",
            "--version=1.4.2", f"--work-dir={work.path}", f"--evidence={evidence(work)['GOLDENPATH_EVIDENCE']}",
        ]  # fmt: skip

    def repair(self, work: WorkFolder) -> list[str]:
        """Return the command that repairs what a release of `work` left."""
        return ["release", "repair", str(work.receipt), f"--role-arn={self.role}", "--yes", "--confirm=1.4.2"]

    def place(self, *, immutable: bool = False, held: WorkFolder | None = None) -> Place:
        """Return a new repository; `held`, of the earlier commit, is released to it first."""
        self._number += 1
        place = Place(EcrRepository(f"signals/{self._number:05d}"), {}, set())
        self.local.create_repository(place.name, immutable=immutable)
        if held is not None:
            words = [word for word in self.words(place, held) if not word.startswith("--version")]
            assert self.earlier.run(words, self.log) == 0, self.log.read_text()
        place.tags, place.manifests = self.local.tags(place.name), self.local.manifests(place.name)
        return place

    @property
    def log(self) -> Path:
        """Where the first releaser prints."""
        return self.folder / "one.log"

    @contextmanager
    def registry(self, name: EcrRepository) -> Iterator[OciRegistry]:
        """Give the repository `name` to look at."""
        admin = boto3.Session(self.local.admin.id, self.local.admin.secret, region_name=self.local.region)
        client = admin.client("ecr", endpoint_url=self.local.environment()["AWS_ENDPOINT_URL"])
        with closing(client), closing(OciRegistry(Ecr(lambda: client).login(), name)) as registry:
            yield registry

    def incomplete(self, place: Place) -> list[str]:
        """Return everything that a tag leads to, and that cannot be fetched."""
        missing: list[str] = []
        with self.registry(place.name) as registry:
            for tag in self.local.tags(place.name):
                missing += [f"{tag}: {each}" for each in _missing(registry, Tag(tag))]
        return missing

    def duration(self) -> float:
        """Return how long a release takes, in seconds."""
        place, work = self.place(), self.work(b"timed")
        began = time.monotonic()
        assert self.one.run(self.words(place, work), self.log) == 0, self.log.read_text()
        return time.monotonic() - began


def stopped(stand: Stand, number: signal.Signals, runs: int) -> Ends:
    """Send a signal to releases at random instants. Old or new, whole; SIGTERM leaves nothing behind either."""
    ends, lasts = Ends(number.name), 0.0
    earlier = stand.work(b"earlier", OTHER_COMMIT)
    for run in range(runs):
        # Again and again: how busy the machine is changes.
        lasts = stand.duration() if run % REMEASURED == 0 else lasts
        place, work = stand.place(held=earlier if run % 2 else None), stand.work(b"new")
        started = stand.one.start(stand.words(place, work), stand.log)
        time.sleep(stand.random.uniform(0, lasts * 1.05))
        _send(started.pid, number)
        code = started.end()
        what = f"{number.name}, exit {code}, {stand.log.read_text()[-300:]}"
        end = _end(stand, place, work, ends, what, killed=number is signal.SIGKILL)
        ends.ends[end] += 1
        if number is signal.SIGKILL and run % 2 == 0:
            _repaired(stand, place, work, ends)
        again = stand.one.run(stand.words(place, work), stand.log)
        if again or stand.local.tags(place.name) != place.new(work.read_candidate().digest):
            ends.wrong.append(f"the re-run ended with {again}: {stand.log.read_text()[-300:]}")
    return ends


def races(stand: Stand, runs: int) -> Ends:
    """Start two releases of one commit together: one has all of the tags, and the other says so or came before."""
    ends = Ends("two at once")
    for run in range(runs):
        immutable, same = bool(run % 2), run % 4 >= 2
        place = stand.place(immutable=immutable)
        works = (stand.work(b"one"), stand.work(b"one" if same else b"other"))
        first = stand.one.start(stand.words(place, works[0]), stand.log)
        time.sleep(stand.random.uniform(0, 0.06))
        second = stand.other.start(stand.words(place, works[1]), stand.folder / "other.log")
        codes = (first.end(), second.end())
        problem = _race_problem(stand, place, works, codes, immutable=immutable)
        lost = sum(code in LOST for code in codes)
        ends.ends["both succeed" if not lost else "one loses"] += 1
        if problem:
            logs = [(stand.folder / name).read_text()[-400:] for name in ("one.log", "other.log")]
            ends.wrong.append(f"run {run}, immutable {immutable}, same {same}, {codes}: {problem}; {logs}")
    return ends


def _race_problem(
    stand: Stand, place: Place, works: tuple[WorkFolder, WorkFolder], codes: tuple[int, int], *, immutable: bool
) -> str:
    """Return what is wrong with the end of a race; empty when nothing is.

    Every tag names one image. It is of a release that succeeded. Whoever did not succeed says so, and left nothing.
    Whoever succeeded too reported that same image, or came first and was replaced as a whole (mutable tags only).
    """
    tags = stand.local.tags(place.name)
    named = set(tags.values())
    if len(named) != 1 or tags != place.new(next(iter(named)), immutable=immutable):
        return f"torn: {tags}"
    winner = named.pop()
    reported = {code: work.read_receipt().digest for work, code in zip(works, codes, strict=True) if code == 0}
    if not reported or not {*codes} <= {0, *LOST}:
        return "nobody succeeded, or somebody failed otherwise"
    done = [work for work, code in zip(works, codes, strict=True) if code == 0]
    digests = [work.read_receipt().digest for work in done]
    if winner not in digests:
        return f"{winner} is of nobody who succeeded"
    if immutable and set(digests) != {winner}:
        return f"{digests} were reported and the tags name {winner}"
    kept = set().union(*(_digests(work) for work in done))
    if left := stand.local.manifests(place.name) - kept:
        return f"left untagged: {left}"
    return "; ".join(stand.incomplete(place))


def _end(stand: Stand, place: Place, work: WorkFolder, ends: Ends, what: str, *, killed: bool) -> str:
    """Return how the repository looks after a signal, and note what is wrong with it."""
    tags, new = stand.local.tags(place.name), place.new(work.read_candidate().digest)
    if tags not in (place.tags, new) and not killed:
        ends.wrong.append(f"torn: {tags}, {what}")
    kept = place.manifests | (_digests(work) if tags == new else set())
    if not killed and (left := stand.local.manifests(place.name) - kept):
        ends.wrong.append(f"left untagged: {left}, {what}")
    if missing := stand.incomplete(place):
        ends.wrong.append(f"incomplete: {missing}, {what}")
    return "all-old" if tags == place.tags else "all-new" if tags == new else "between"


def _repaired(stand: Stand, place: Place, work: WorkFolder, ends: Ends) -> None:
    """Repair what a killed release left: the repository is then as before, or wholly new."""
    code = stand.one.run(stand.repair(work), stand.log)
    tags, new = stand.local.tags(place.name), place.new(work.read_candidate().digest)
    if code == _NO_RECEIPT and tags == place.tags:
        return
    kept = place.manifests | (_digests(work) if tags == new else set())
    left = stand.local.manifests(place.name) - kept
    if code or tags not in (place.tags, new) or left:
        ends.wrong.append(f"repair ended with {code}: {tags}, left {left}: {stand.log.read_text()[-300:]}")


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # it ended before
        return


def _digests(work: WorkFolder) -> set[str]:
    """Return every manifest of a candidate."""
    index = json.loads((work.layout / "index.json").read_bytes())["manifests"][0]["digest"]
    listed = json.loads((work.layout / "blobs" / "sha256" / index.removeprefix("sha256:")).read_bytes())
    return {index, *(each["digest"] for each in listed.get("manifests", ()))}


def _missing(registry: OciRegistry, reference: Tag | Digest) -> Iterator[str]:
    """Yield what cannot be fetched of the image that `reference` names."""
    held = registry.manifest(reference)
    if held is None:
        yield reference
        return
    body = json.loads(held.content)
    if held.media_type == INDEX:
        for child in body["manifests"]:
            yield from _missing(registry, Digest(child["digest"]))
        return
    for blob in (body["config"], *body["layers"]):
        if not registry.has_blob(Digest(blob["digest"])):
            yield blob["digest"]


@contextmanager
def standing(folder: Path, *, seed: int = 1) -> Iterator[Stand]:
    """Give a stand, with releases that believe to be steps of a workflow run."""
    with ExitStack() as stay:
        local = stay.enter_context(LocalWithGitHub.start(folder / "emulator", account=ACCOUNT))
        local.commits.push("team/app", OTHER_COMMIT)
        local.commits.push("team/app", COMMIT, OTHER_COMMIT)
        one, other, earlier = (
            stay.enter_context(Releaser(_of_a_run(local, commit))) for commit in (COMMIT, COMMIT, OTHER_COMMIT)
        )
        yield Stand(folder, local, (one, other, earlier), seed)


def _of_a_run(local: LocalWithGitHub, commit: str) -> Mapping[str, str]:
    run = {
        "GITHUB_ACTIONS": "true", "GITHUB_SHA": commit, "GITHUB_REF": "refs/heads/development",
        "GITHUB_REPOSITORY": "team/app", "GITHUB_EVENT_NAME": "push", "GITHUB_RUN_ID": "7",
        "GOLDENPATH_AWS_REGION": local.region,
    }  # fmt: skip
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | local.environment() | run


def main() -> int:
    """Do everything and print how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="of each kind; races: half of it for each mutability")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = 0
    with (
        tempfile.TemporaryDirectory(prefix="goldenpath-signals-") as folder,
        standing(Path(folder), seed=asked.seed) as stand,
    ):
        for ends in (
            stopped(stand, signal.SIGTERM, asked.runs), stopped(stand, signal.SIGKILL, asked.runs),
            races(stand, asked.runs),
        ):  # fmt: skip
            sys.stdout.write("".join(f"{line}\n" for line in (*ends.wrong[:LINES], ends)))
            wrong += len(ends.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
